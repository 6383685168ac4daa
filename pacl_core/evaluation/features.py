"""Features of a frozen backbone over a downstream data set, each picture once."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from pacl_core.corpus.pictures import decode_jpeg
from pacl_core.models.backbones import Backbone


def backbone_features(
    backbone: Backbone, dataset: Path, device: str, batch: int, workers: int
) -> NDArray[np.float32]:
    """Features [N, D] in row order. Evaluation mode: BatchNorm keeps its statistics, dropout is off.

    Pictures are decoded by `workers` threads, one batch ahead of the backbone.
    """
    with pq.ParquetFile(dataset) as file:
        features = np.empty((file.metadata.num_rows, backbone.dim), dtype=np.float32)
        module = backbone.module.to(device).to(memory_format=torch.channels_last).eval()
        done = 0
        with torch.inference_mode(), tqdm(total=len(features), unit="picture", disable=None) as progress:
            for pixels in _pixel_batches(file, backbone, batch, workers):
                inputs = backbone.preprocess.normalise(torch.from_numpy(pixels).to(device))
                inputs = inputs.contiguous(memory_format=torch.channels_last)  # twice as fast on a CPU
                features[done : done + len(pixels)] = module(inputs).float().cpu().numpy()
                done += len(pixels)
                progress.update(len(pixels))
    return features


def _pixel_batches(
    file: pq.ParquetFile, backbone: Backbone, batch: int, workers: int
) -> Iterator[NDArray[np.uint8]]:
    """Batches [B, 3, H, W] uint8, the next one in work while one is used."""

    def pixels(jpeg: bytes) -> NDArray[np.uint8]:
        return backbone.preprocess.pixels(decode_jpeg(jpeg))

    def stacked(jpegs: Sequence[bytes]) -> NDArray[np.uint8]:
        return np.stack(list(decoders.map(pixels, jpegs)))

    with ThreadPoolExecutor(workers) as decoders, ThreadPoolExecutor(1) as ahead:
        waiting = None
        for rows in file.iter_batches(batch_size=batch, columns=["image"]):
            coming = ahead.submit(stacked, rows["image"].to_pylist())
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()
