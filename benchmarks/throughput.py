"""Items/s of encoding, over the bare model's own rate: rounds interleaved, medians.

python benchmarks/throughput.py [--items 256] [--rounds 3] [--only CLIP] [--clip-retrieval <python>]
python benchmarks/throughput.py --model resnet50 --image-size 224 --device cuda --batch 256 --items 2048

With --model, a timm model with random weights instead of the embedded ones.

bare    a loop over batches of tensors in memory, the model alone, torch's own threads on every core
threads the same tensors by as many threads as the stage has, one core each (on a GPU two, as the stage): what
        is left to gain
ours    as the stage runs it: parquet, decoding, the model, scratch, vectors.npy
cpu     CPU seconds of `threads` over those of `ours`: the model's share; holds on a busy machine too
bf16    `ours` at precision bfloat16, and the smallest cosine of its vectors to the float32 ones

Goal: ours >= 0.90 of bare. Other work on the machine hurts `bare` most, as its threads wait for each other in
every layer: measure on a quiet one. With --clip-retrieval, the Python of an environment that holds
clip-retrieval (it pins NumPy 1), its `clip_inference` runs over the same images and weights; goal:
ours >= 1.5 times as fast, both with batches of 16 (its warm-up alone runs a whole batch of its default 256).
It knows float32 alone on a CPU; ours also at bfloat16.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pyarrow.parquet as pq
import torch
from measured.corpus import photographs
from measured.small_models import write_timm
from safetensors.torch import save_file

from pacl_core.encoding.engine import engine
from pacl_core.encoding.images import encode_images
from pacl_core.encoding.texts import encode_texts
from pacl_core.files.vectors import write_vectors
from pacl_core.media.images import decode_jpeg
from pacl_core.models.backbones import load_backbone
from pacl_core.models.frozen import freeze, model_input
from pacl_core.models.scorers import load_scorer
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.params.models import BackboneParams, ScorerParams, TextEncoderParams
from pacl_core.runtime.settings import Runtime

CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
LITE = BackboneParams(kind="timm", name="tf_efficientnet_lite0", image_size=112)
LIT = ScorerParams(kind="lit", name="efficientnet_lite0-minilm")
MINILM = TextEncoderParams(kind="minilm", name="all-MiniLM-L6-v2")


@dataclass(frozen=True)
class Case:
    """A model of a stage: `load` by precision, and the bare model with its inputs in memory."""

    stage: str
    model: str
    load: Callable[[str], Any]
    bare: Callable[[Any], object]
    inputs: Sequence[Any]


@dataclass(frozen=True)
class Setting:
    """What every case is measured on: `items` pairs in a parquet file, and a folder to write into."""

    pairs: Path
    items: int
    batch: int
    rounds: int
    work: Path
    device: str

    @property
    def threads(self) -> int:
        """How many batches the stage has in the model at once."""
        return CPUS if self.device == "cpu" else 2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--only", default="", help="models whose name holds this")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--model", help="a timm model, with random weights")
    parser.add_argument("--image-size", type=int, default=224, help="of --model")
    parser.add_argument("--pairs", type=Path, help="stored pairs, instead of --items that are made here")
    parser.add_argument("--clip-retrieval", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pairs = chosen.pairs or work / "pairs.parquet"
        if not chosen.pairs:
            pq.write_table(photographs(chosen.items), pairs, row_group_size=256)
        items = pq.ParquetFile(pairs).metadata.num_rows
        setting = Setting(pairs, items, chosen.batch, chosen.rounds, work, chosen.device)
        clip = work / "clip" / "open_clip_model.safetensors"
        if not chosen.model or chosen.clip_retrieval:
            _write_clip(clip)
        if chosen.model:
            params = BackboneParams(**write_timm(chosen.model, chosen.image_size, work / "timm"))
            cases = [_backbone_case(f"{chosen.model}, {chosen.image_size} px", params, setting)]
        else:
            cases = _cases(clip, setting)
        print(f"{items} pairs, batch {chosen.batch}, {CPUS} cores, load {os.getloadavg()[0]:.1f}")
        print(
            f"{'stage':18}{'model':26}{'bare/s':>9}{'threads/s':>10}{'ours/s':>9}{'ours/bare':>10}{'cpu':>6}",
            end="",
        )
        print(f"{'bf16/s':>9}{'bf16 gain':>10}{'cosine':>9}")
        for case in cases:
            if chosen.only in case.model:
                _row(case, setting)
        if chosen.clip_retrieval:
            _clip_retrieval(chosen.clip_retrieval, clip, setting)


def _backbone_case(title: str, params: BackboneParams, setting: Setting) -> Case:
    backbone, device = load_backbone(params), setting.device
    return Case(
        "image_embeddings",
        title,
        lambda precision: freeze(load_backbone(params), device, precision),  # type: ignore[arg-type]
        backbone.module.to(device).to(memory_format=torch.channels_last),
        _tensors(setting, backbone.preprocess),
    )


def _cases(clip: Path, setting: Setting) -> list[Case]:
    pairs, batch, device = setting.pairs, setting.batch, setting.device
    texts = sorted(dict.fromkeys(pq.read_table(pairs)["text"].to_pylist()), key=lambda text: len(text))
    vit = ScorerParams(kind="open_clip", name="ViT-B-32", weights=str(clip))
    minilm, scorer, lit = (
        load_text_encoder(MINILM, device),
        load_scorer(vit, device),
        load_scorer(LIT, device),
    )
    tower = load_backbone(LITE.model_copy(update={"image_size": lit.preprocess.size})).module
    network: Any = scorer.clip.network  # type: ignore[attr-defined]
    encoder: Any = minilm
    tokens = [
        encoder.tokenizer(texts[at : at + batch], padding=True, return_tensors="pt").to(device)
        for at in range(0, len(texts), batch)
    ]

    def with_precision(params: Any, precision: str) -> Any:
        return params.model_copy(update={"precision": precision})

    return [
        _backbone_case("EfficientNet-Lite0, 112 px", LITE, setting),
        Case(
            "factual_scores",
            f"LiT, {lit.preprocess.size} px",
            lambda precision: load_scorer(with_precision(LIT, precision), device),
            tower.to(device).to(memory_format=torch.channels_last),
            _tensors(setting, lit.preprocess),
        ),
        Case(
            "factual_scores",
            "CLIP ViT-B/32, 224 px",
            lambda precision: load_scorer(with_precision(vit, precision), device),
            network.encode_image,
            _tensors(setting, scorer.preprocess),
        ),
        Case(
            "text_embeddings",
            "MiniLM",
            lambda precision: load_text_encoder(with_precision(MINILM, precision), device),
            lambda batch: encoder.model(**batch),
            tokens,
        ),
    ]


def _row(case: Case, setting: Setting) -> None:
    pairs, items, work = setting.pairs, setting.items, setting.work
    models = {precision: case.load(precision) for precision in ("float32", "bfloat16")}

    def bare() -> None:
        torch.set_num_threads(CPUS)
        with torch.inference_mode():
            for one in case.inputs:
                case.bare(one)
        _finish(setting.device)

    def threads() -> None:
        torch.set_num_threads(1)

        def run(one: Any) -> None:
            with torch.inference_mode():
                case.bare(one)

        with ThreadPoolExecutor(setting.threads) as pool:
            list(pool.map(run, case.inputs))
        _finish(setting.device)

    def ours(precision: str) -> None:
        out = work / f"{case.stage}-{precision}"
        with (
            tempfile.TemporaryDirectory(dir=work) as scratch,
            engine(lambda: models[precision], Runtime(setting.device, CPUS, setting.batch)) as workers,
        ):
            encode = encode_texts if case.stage == "text_embeddings" else encode_images
            done = encode(workers, pairs, Path(scratch) / "items")
            write_vectors(out, pairs, done.rows, dim=done.dim)

    runs: dict[str, Callable[[], None]] = {
        "bare": bare,
        "threads": threads,
        "ours": lambda: ours("float32"),
        "bf16": lambda: ours("bfloat16"),
    }
    seconds, cpu = _interleaved(runs, setting.rounds)
    rate = {name: items / value for name, value in seconds.items()}
    left, right = (np.load(work / f"{case.stage}-{name}/vectors.npy") for name in models)
    cosine = (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)
    print(
        f"{case.stage:18}{case.model:26}{rate['bare']:9.1f}{rate['threads']:10.1f}{rate['ours']:9.1f}", end=""
    )
    print(f"{rate['ours'] / rate['bare']:10.2f}{cpu['threads'] / cpu['ours']:6.2f}", end="")
    print(f"{rate['bf16']:9.1f}{rate['bf16'] / rate['ours']:9.2f}x{cosine.min():9.5f}", flush=True)


def _clip_retrieval(python: Path, clip: Path, setting: Setting) -> None:
    """Theirs as whole processes, less the time of one over sixteen images: no loading, as in ours."""
    pairs, items, work = setting.pairs, setting.items, setting.work
    folders = {16: work / "few", items: work / "many"}
    jpegs = pq.read_table(pairs, columns=["image"])["image"].to_pylist()
    for count, folder in folders.items():
        folder.mkdir()
        for number, jpeg in enumerate(jpegs[:count]):
            (folder / f"{number:06}.jpg").write_bytes(jpeg)
    params = ScorerParams(kind="open_clip", name="ViT-B-32", weights=str(clip))
    scorers = {
        precision: load_scorer(params.model_copy(update={"precision": precision}), "cpu")
        for precision in ("float32", "bfloat16")
    }

    def theirs(count: int) -> None:
        options = f"enable_text=False, batch_size=16, num_prepro_workers={CPUS}, "
        options += f"clip_model='open_clip:ViT-B-32/{clip}'"
        arguments = (
            f"input_dataset={str(folders[count])!r}, output_folder={str(work / 'theirs')!r}, {options}"
        )
        program = (
            "from clip_retrieval import clip_inference\n"
            f"if __name__ == '__main__': clip_inference({arguments})"
        )
        env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        subprocess.run([python, "-c", program], check=True, capture_output=True, env=env)

    def ours(precision: str) -> None:
        with (
            tempfile.TemporaryDirectory(dir=work) as scratch,
            engine(lambda: scorers[precision], Runtime("cpu", CPUS, 16)) as workers,
        ):
            done = encode_images(workers, pairs, Path(scratch) / "items")
            write_vectors(work / "vectors", pairs, done.rows, dim=done.dim)

    runs: dict[str, Callable[[], None]] = {
        "few": lambda: theirs(16),
        "many": lambda: theirs(items),
        "float32": lambda: ours("float32"),
        "bfloat16": lambda: ours("bfloat16"),
    }
    seconds, _ = _interleaved(runs, setting.rounds)
    theirs_rate = (items - 16) / (seconds["many"] - seconds["few"])
    print(f"clip-retrieval, CLIP ViT-B/32: {theirs_rate:.1f}/s")
    for precision in scorers:
        rate = items / seconds[precision]
        print(f"ours, {precision}: {rate:.1f}/s, {rate / theirs_rate:.2f} times as fast")


def _interleaved(
    runs: dict[str, Callable[[], None]], rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Median wall and CPU seconds of each, one after the other in every round; one round is not counted."""
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            started, used = time.perf_counter(), time.process_time()
            run()
            if number:
                wall[name].append(time.perf_counter() - started)
                cpu[name].append(time.process_time() - used)
    return (
        {name: statistics.median(values) for name, values in wall.items()},
        {name: statistics.median(values) for name, values in cpu.items()},
    )


def _tensors(setting: Setting, preprocess: Any) -> list[torch.Tensor]:
    jpegs = pq.read_table(setting.pairs, columns=["image"])["image"].to_pylist()
    pixels = np.stack([preprocess.pixels(decode_jpeg(jpeg)) for jpeg in jpegs])
    blocks = range(0, len(pixels), setting.batch)
    return [model_input(pixels[at : at + setting.batch], preprocess, setting.device) for at in blocks]


def _finish(device: str) -> None:
    """A GPU is given work and left with it: wait until all is done."""
    if device != "cpu":
        torch.cuda.synchronize()


def _write_clip(path: Path) -> None:
    """ViT-B/32 with random weights: as fast as trained ones."""
    path.parent.mkdir()
    torch.manual_seed(0)
    network = open_clip.create_model("ViT-B-32", load_weights=False)
    save_file(network.state_dict(), path)


if __name__ == "__main__":
    main()
