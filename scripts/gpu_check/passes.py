"""The passes that embed images and score pairs, against the same on the CPU in float32."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.measured.small_models import write_clip, write_timm
from pacl_core.encoding.cosines import row_cosines
from pacl_core.encoding.engine import engine
from pacl_core.encoding.images import encode_images
from pacl_core.encoding.texts import encode_texts
from pacl_core.models.frozen import load_frozen
from pacl_core.models.scorers import load_scorer
from pacl_core.params.models import BackboneParams, Precision, ScorerParams
from pacl_core.runtime.settings import Runtime
from scripts.gpu_check.inputs import Place
from scripts.gpu_check.table import Row, at_least, at_most

# the smallest cosine of a vector to the CPU's, and the largest difference of a score
COSINE = {"float32": 0.99999, "bfloat16": 0.99}
SCORE = {"float32": 1e-4, "bfloat16": 3e-2}
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")

Rows = NDArray[np.float32]


def passes(place: Place) -> Iterator[Row]:
    """Vectors of every model of `sizes.models`, and scores of a small CLIP."""
    for name, size in place.sizes.models:
        params = BackboneParams(**write_timm(name, size, place.folder / "timm"))

        def embed(device: str, precision: Precision, params: BackboneParams = params) -> Rows:
            return _encoded(place, lambda: load_frozen(params, device, precision), device, encode_images)

        exact = embed("cpu", "float32")
        for precision in PRECISIONS:
            cosines = row_cosines(exact, embed(place.device, precision))
            title = f"embed {name}, {size} px, {precision}: smallest cosine to CPU float32"
            yield at_least(title, float(cosines.min()), COSINE[precision])
    clip = ScorerParams(**write_clip(place.folder / "clip"))
    expected = _scores(place, clip, "cpu", "float32")
    for precision in PRECISIONS:
        off = np.abs(_scores(place, clip, place.device, precision) - expected).max()
        yield at_most(f"score, {precision}: largest difference to CPU float32", float(off), SCORE[precision])


def _scores(place: Place, clip: ScorerParams, device: str, precision: Precision) -> Rows:
    params = clip.model_copy(update={"precision": precision})
    sides = [
        _encoded(place, lambda: load_scorer(params, device), device, encode)
        for encode in (encode_images, encode_texts)
    ]
    return row_cosines(*sides)


def _encoded(place: Place, load: Callable[[], Any], device: str, encode: Callable[..., Any]) -> Rows:
    """As a stage does it: from stored JPEGs or texts, through scratch."""
    count = pq.ParquetFile(place.few).metadata.num_rows
    batch = place.sizes.encoding_batch if device == place.device else 16
    with TemporaryDirectory(dir=place.folder) as work, engine(load, Runtime(device, None, batch)) as workers:
        rows: Rows = np.array(encode(workers, place.few, Path(work) / "items").rows(0, count))
    return rows
