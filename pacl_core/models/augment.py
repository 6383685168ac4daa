"""Random views of a picture, each drawn from (seed, epoch, row): the same whoever decodes it, and when."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pacl_core.models.preprocess import Preprocess

# open_clip's: a smaller crop would often lose what the caption is about
CROP_AREA = (0.9, 1.0)
CROP_ASPECT = (3 / 4, 4 / 3)
_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def flips(rows: NDArray[np.int64], epoch: int, seed: int) -> NDArray[np.bool_]:
    """`[B]` bool: which pictures are seen mirrored in this epoch, each with probability one half."""
    return np.array([np.random.default_rng((seed, epoch, int(row), 0)).random() < 0.5 for row in rows], bool)


def random_resized_crop(
    picture: Image.Image, preprocess: Preprocess, row: int, epoch: int, seed: int
) -> NDArray[np.uint8]:
    """A random part of the picture as `[3, size, size]` uint8: 90 to 100 % of its area, aspect 3/4 to 4/3."""
    generator = np.random.default_rng((seed, epoch, row, 1))
    width, height = picture.size
    area = width * height * generator.uniform(*CROP_AREA)
    aspect = math.exp(generator.uniform(math.log(CROP_ASPECT[0]), math.log(CROP_ASPECT[1])))
    # a box that would not fit is clipped to the picture
    crop_width = min(width, max(1, round(math.sqrt(area * aspect))))
    crop_height = min(height, max(1, round(math.sqrt(area / aspect))))
    left = int(generator.integers(0, width - crop_width + 1))
    top = int(generator.integers(0, height - crop_height + 1))
    box = (left, top, left + crop_width, top + crop_height)
    size = (preprocess.size, preprocess.size)
    view = picture.resize(size, _FILTERS[preprocess.interpolation], box=box)
    return np.ascontiguousarray(np.asarray(view).transpose(2, 0, 1))
