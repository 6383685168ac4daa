"""Where a subject token looks in clips that were held out: python -m stages.attention <name>"""

import logging
from pathlib import Path
from typing import Any

from pacl_core.evaluation.attention import attention_metrics
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.tables import write_table
from pacl_core.methods.emotionclip.attention import (
    Maps,
    attention_maps,
    chosen_clips,
    empty_maps,
    no_maps,
)
from pacl_core.methods.params import Params
from pacl_core.models.precision import full_float32
from pacl_core.models.saved import CARD
from pacl_core.models.video_text import VideoText, load_video_text
from pacl_core.runtime.settings import runtime
from pacl_core.runtime.threads import one_thread
from stages.run import instance, run

log = logging.getLogger("pacl")


def main(params: Params) -> None:
    name = instance("attention", "emotionclip", params.emotionclip, what="training of EmotionCLIP")
    corpus, folder = params.emotionclip[name].clips, Path("models") / name
    model = load_video_text(folder)
    reason = no_maps(model)
    if reason is None:
        found, counts = _looked(model, name, corpus)
    else:
        log.info("no maps: %s", reason)
        found, counts = empty_maps(), {"not_applicable": reason}
    maps = Path("data/attention") / f"{name}.parquet"
    write_table(maps, found.maps)
    write_table(Path("data/attention") / f"{name}_shown.parquet", found.shown)
    metrics = attention_metrics(maps, count=params.evaluate.bootstrap) | counts
    write_json(Path("metrics/attention") / f"{name}.json", metrics)
    if metrics["layers"]:
        last = list(metrics["layers"].values())[-1]
        log.info(
            "last layer: %.3f of the attention on the subject, which has %.3f of the patches",
            last["on_subject"],
            metrics["share_of_patches"],
        )


def _looked(model: VideoText, name: str, corpus: str) -> tuple[Maps, dict[str, Any]]:
    """The settings are those that the model was trained with, as its card says."""
    trained = read_json(Path("models") / name / CARD)["training"]["params"]
    chosen = chosen_clips(
        Path("data/selection") / f"{name}.parquet", holdout=trained["holdout"], seed=trained["seed"]
    )
    device = runtime().device
    full_float32()
    for part in (model.clip.network, model.subject):
        part.to(device).eval()
    with one_thread():
        found = attention_maps(
            model,
            Path("data/clips") / corpus,
            Path(f"data/persons/{corpus}.parquet"),
            rows=chosen.rows,
            box_score=trained["filter"]["box_score"],
            device=device,
        )
    return found, {"held_out": chosen.held_out}


if __name__ == "__main__":
    run("attention", main)
