"""One small project for all faults, every stage of it run once and undisturbed."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from pacl_core.models.backbones import load_backbone
from pacl_core.params.models import BackboneParams
from tests.dag.small_project import copy_project, edit_params
from tests.faults.processes import Stage, Starter, Tree, remove, stages, tree


@dataclass(frozen=True)
class Reference:
    """The project after an undisturbed run: its stages, what each left, and the seconds that it worked."""

    root: Path
    stages: dict[str, Stage]
    outs: dict[str, Tree]
    seconds: dict[str, float]


def make_reference(root: Path, start: Starter) -> Reference:
    """Cut so small that the stages take about a second each, yet with several pieces of work in each."""
    copy_project(root)
    recipe = root / "data/corpora/openmoji.yaml"
    text = re.sub(r"^posts: \d+", "posts: 64", recipe.read_text(), flags=re.MULTILINE)
    recipe.write_text(re.sub(r"^min_uses: \d+", "min_uses: 300", text, flags=re.MULTILINE))
    ontology = root / "data/ontology/affective_anps.txt"
    ontology.write_text("".join(ontology.read_text().splitlines(keepends=True)[:64]))
    weights = root / "data/weights/theirs.pth"
    weights.parent.mkdir()
    torch.save(load_backbone(BackboneParams(kind="timm", name="tf_efficientnet_lite0")).state(), weights)
    downstream = {"record": "data/datasets/emoji_sentiment.yaml", "path": str(recipe.relative_to(root))}
    clips = root / "data/corpora/clips.yaml"
    clips.write_text(re.sub(r"^clips: \d+", "clips: 24", clips.read_text(), flags=re.MULTILINE))
    edit_params(
        root,
        clips={"r": {"reader": "rendered", "path": str(clips.relative_to(root)), "image_size": 32}},
        recipes={"plain": {"partition": "none"}},
        backbone__image_size=32,
        shards__max_samples=6,
        train__holdout=8,
        train__epochs=2,
        train__projector_warmup_steps=5,
        downstream={"emoji_sentiment": downstream | {"image_size": 32}},
        variants={"theirs": {"weights": str(weights.relative_to(root)), "sha256": None, "prefix": None}},
        evaluate__protocols=["linear", "finetune", "zero_shot"],
        evaluate__finetune__epochs=2,
        report__samples=2,
    )
    every = stages(root)
    outs, seconds = {}, {}
    for stage in every:
        remove(root, stage)
        done = start.run(root, *stage.arguments)
        assert done.wait() == 0, f"{stage.name}: {done.output}"
        seconds[stage.name] = float(re.findall(r"done in ([\d.]+) s", done.output)[-1])
        outs[stage.name] = tree(root, stage)
        assert outs[stage.name], stage.name
    return Reference(root, {stage.name: stage for stage in every}, outs, seconds)
