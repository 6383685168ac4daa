"""Images on which an exported model is compared with the network."""

from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.inference.images import image_files, model_pixels
from pacl_core.media.images import decode_jpeg
from pacl_core.media.rejects import UnusableError
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD

IMAGES = 16


def check_pixels(model: Path, given: list[Path]) -> NDArray[np.uint8]:
    """Up to 16 images as the model takes them, [N, 3, H, W]: those given, else pairs of the project.

    Raises `UserError` where there are none.
    """
    try:
        preprocess = Preprocess.from_json(read_json(model / CARD)["preprocess"])
    except FileNotFoundError:
        raise UserError(f"{model / CARD}: missing; give the folder of a saved model") from None
    if given:
        return np.stack([_pixels(file, preprocess) for file in islice(image_files(given), IMAGES)])
    for part in sorted((model.resolve().parent.parent / "data/pairs").glob("*.parquet")):
        with pq.ParquetFile(part) as opened:
            jpegs = next(opened.iter_batches(IMAGES, columns=["image"]))["image"].to_pylist()
        return np.stack([preprocess.pixels(decode_jpeg(jpeg)) for jpeg in jpegs])
    raise UserError("no picture for the check: name some with --check")


def _pixels(file: Path, preprocess: Preprocess) -> NDArray[np.uint8]:
    try:
        return model_pixels(file, preprocess)
    except UnusableError as error:
        raise UserError(f"{file}: {error}") from None
