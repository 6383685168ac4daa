"""Pixels for each step of training, with the views that its parameters ask for."""

from concurrent.futures import Executor
from pathlib import Path

from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.models.preprocess import Preprocess
from pacl_core.training.pixels import PixelSource, cropped_source, flipped_source, plain_source


def pixel_source(
    samples: Samples, preprocess: Preprocess, params: TrainParams, work: Path, pool: Executor
) -> PixelSource:
    """Choose how images are read: without random crops they are decoded once, where they fit."""
    if params.random_resized_crop:
        source = cropped_source(samples.image, preprocess, params.seed, pool)
    else:
        source = plain_source(samples.image, len(samples.sample_ids), preprocess, work, pool)
    return flipped_source(source, params.seed) if params.horizontal_flip else source
