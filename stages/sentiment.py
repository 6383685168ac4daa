"""Sentiment logits of the texts of clips, computed once: python -m stages.sentiment <name>"""

from functools import partial
from pathlib import Path

from pacl_core.encoding.engine import engine
from pacl_core.encoding.scratch_keys import encoding_key
from pacl_core.encoding.sentiment import write_sentiment
from pacl_core.encoding.texts import encode_texts
from pacl_core.files.json_csv import write_json
from pacl_core.methods.params import Params
from pacl_core.models.classifiers import load_with_neutral
from pacl_core.models.local_files import link_weights
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import instance, run


def main(params: Params) -> None:
    name = instance("sentiment", "clips", params.clips, what="corpus of clips")
    clips, model, machine = Path("data/clips") / name, params.sentiment.model, runtime()
    link_weights({"sentiment": model.weights})
    key = encoding_key(clips, ("text",), model, machine=machine)
    load = partial(load_with_neutral, model, machine.device)
    with scratch(f"sentiment-{name}", key) as folder, engine(load, machine) as workers:
        texts = encode_texts(workers, clips, folder / "texts")
        counts = write_sentiment(Path("data/sentiment") / f"{name}.parquet", clips, texts)
    write_json(Path("metrics/sentiment") / f"{name}.json", counts)


if __name__ == "__main__":
    run("sentiment", main)
