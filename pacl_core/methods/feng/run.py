"""One training of a specialist: from a backbone and pretext sets to weights, heads, curves and a card."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.errors import UserError
from pacl_core.methods.feng.heads.caption import Captions, Sizes
from pacl_core.methods.feng.heads.classes import Classes, Jigsaw
from pacl_core.methods.feng.heads.dense import Colours, SuperResolution, width_of
from pacl_core.methods.feng.method import Specialist
from pacl_core.methods.feng.network import HERE, Machine, learning_network, multiple_of_patch, start_anew
from pacl_core.methods.feng.pretext.bleu import bleu4, references_of
from pacl_core.methods.feng.pretext.permutations import permutations
from pacl_core.methods.feng.pretext.words import make_vocabulary, token_bias
from pacl_core.methods.feng.stored import PretextSet
from pacl_core.methods.feng.tasks import Network, PretextTask
from pacl_core.methods.feng.tasks.caption import Captioning
from pacl_core.methods.feng.tasks.classes import Labelled, Puzzle
from pacl_core.methods.feng.tasks.dense import Colorization, Enlarging
from pacl_core.methods.feng.views import larger
from pacl_core.models.backbones import Backbone
from pacl_core.params.feng import FengParams, specialist_training
from pacl_core.training.checkpoint import History
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.loop import Run, train

log = logging.getLogger("pacl")

CODE = ("media", "methods/feng", "models", "params/feng.py", "runtime/threads.py", "training")
"""What decides a run's result, for the key of its scratch folder."""

SPECIALISTS = {"st": "stimuli taking", "ho": "holistic organizing", "hp": "high-level perceiving"}
SETS = {
    "color": "scene",
    "sr": "scene",
    "scene": "scene",
    "jigsaw": "scene",
    "anp": "anp",
    "caption": "caption",
}
"""Task -> the key of `feng.<name>.sets` that names its images."""


@dataclass(frozen=True)
class Trained:
    """`heads`: weights by `<task>.<name>`. `card`: a JSON value for the model card. `method`: as it ran."""

    history: History
    heads: dict[str, Tensor]
    card: dict[str, object]
    method: Specialist


def train_specialist(
    backbone: Backbone,
    sets: Mapping[str, PretextSet],
    own: FengParams,
    *,
    part: str,
    run: Run,
    machine: Machine = HERE,
) -> Trained:
    """Train `backbone.module` in place as the specialist `part`: st, ho or hp.

    `sets`: by their keys in `own.sets`, those that its tasks read. Resumes from `run.work` after a kill, as
    `training.loop.train`. Raises `UserError` where the backbone or a set does not
    fit a task, or where a loss or gradient is not finite.
    """
    params = specialist_training(own, part)
    if own.init == "random":
        start_anew(backbone.module, own.seed)
    world = machine.world
    with ThreadPoolExecutor(machine.workers) as pool:
        method = make_specialist(backbone, sets, own, part=part, pool=pool, world=world)
        counts = ", ".join(
            f"{name} {len(task.rows)} and {len(task.held)} held out" for name, task in method.tasks.items()
        )
        steps = sum(len(method.batches(epoch)) for epoch in range(params.epochs))
        log.info(
            "%s%d steps of at most %d images of each task: %s", run.label, steps, params.batch_size, counts
        )
        history = train(method, params, run, world=world)
        if world.first:
            history[-1].update(caption_figures(method))
    card: dict[str, object] = {
        "method": "feng",
        "specialist": part,
        "tasks": {name: task.card() for name, task in method.tasks.items()},
        "images": {name: len(task.rows) for name, task in method.tasks.items()},
        "held_out": {name: len(task.held) for name, task in method.tasks.items()},
        "init": own.init,
        "params": params.model_dump(),
        "steps": steps,
        "figures": history[-1],
        "torch": torch.__version__,
    }
    return Trained(history, method.extras(), card, method)


@torch.no_grad()
def caption_figures(method: Specialist) -> dict[str, float]:
    """BLEU-4 of the captions of held-out pictures, each against all that people said of it.

    Of the trained model, and so once: a beam takes longer than a step. Empty without the task.
    """
    task = method.tasks.get("caption")
    if not isinstance(task, Captioning) or len(task.held) == 0:
        return {}
    captions, pictures = task.images.captions_of(), task.images.pictures or task.images.sample_ids
    rows = task.held.tolist()
    first, references = references_of([pictures[row] for row in rows], [captions[row] for row in rows])
    said = [
        text
        for seen in method.seen("caption", task.held[first])
        for text in task.predicted(method.network, seen)
    ]
    score = bleu4(said, references)
    return {} if score is None else {"caption/bleu4": score}


def make_specialist(
    backbone: Backbone,
    sets: Mapping[str, PretextSet],
    own: FengParams,
    *,
    part: str,
    pool: Executor,
    world: World = ALONE,
) -> Specialist:
    """The method before its first step: heads with weights by `own.seed`, all on the device."""
    section = own.specialist(part)
    params = specialist_training(own, part)
    network = learning_network(backbone, params, world)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(own.seed)
        tasks: dict[str, PretextTask] = {
            name: _MAKERS[name](network, sets[SETS[name]], own) for name in section.tasks
        }
    for name, task in tasks.items():
        if len(task.rows) == 0:
            raise UserError(
                f"pretext set '{task.images.name}': nothing to train the task '{name}' on, of "
                f"{len(task.images.sample_ids)} images"
            )
    heads = nn.ModuleDict({name: task.head for name, task in tasks.items()}).to(world.device)
    named = {task.images.name: task.images for task in tasks.values()}  # two keys may name the same set
    begins = dict(
        zip(named, accumulate((len(one.sample_ids) for one in named.values()), initial=0), strict=False)
    )
    return Specialist(
        model=nn.ModuleDict({"backbone": backbone.module, "heads": heads.train()}),
        network=network,
        tasks=tasks,
        params=params,
        first={name: begins[task.images.name] for name, task in tasks.items()},
        sample_ids=[name for one in named.values() for name in one.sample_ids],
        pool=pool,
        world=world,
    )


def _color(network: Network, images: PretextSet, own: FengParams) -> PretextTask:
    width = own.color.width or width_of(network.channels)
    head = Colours(network.channels, width)
    return Colorization(images, images.rows("train"), images.rows("val"), head, network.preprocess)


def _sr(network: Network, images: PretextSet, own: FengParams) -> PretextTask:
    low = multiple_of_patch("sr.low", own.sr.low, network.patch)
    head = SuperResolution(network.channels, own.sr.width or width_of(network.channels))
    return Enlarging(images, images.rows("train"), images.rows("val"), head, network.preprocess, low)


def _labelled(name: str) -> Callable[[Network, PretextSet, FengParams], PretextTask]:
    def make(network: Network, images: PretextSet, own: FengParams) -> PretextTask:
        labels = images.labels_of(name)
        rows, held = (
            chosen[labels.targets[chosen] >= 0] for chosen in (images.rows("train"), images.rows("val"))
        )
        head = Classes(network.dim, len(labels.classes))
        return Labelled(name, images, rows, held, head, network.preprocess, labels)

    return make


def _jigsaw(network: Network, images: PretextSet, own: FengParams) -> PretextTask:
    side, gap = own.jigsaw.side, own.jigsaw.gap
    multiple_of_patch("jigsaw.side / 3, a tile", side // 3, network.patch)
    head = Jigsaw(network.dim, len(permutations()))
    rows, held = images.rows("train"), images.rows("val")
    return Puzzle(images, rows, held, head, network.preprocess, side, gap)


def _caption(network: Network, images: PretextSet, own: FengParams) -> PretextTask:
    chosen, captions = own.caption, images.captions_of()
    train = images.rows("train")
    vocabulary = make_vocabulary(
        [captions[row] for row in train.tolist()], min_words=chosen.min_words, min_count=chosen.min_count
    )
    kept = np.array([vocabulary.kept(caption) for caption in captions], bool)
    rows, held = (of[kept[of]] for of in (train, images.rows("val")))
    left_out = len(train) - len(rows)
    log.info("%d words; %d of %d captions too short or too long", len(vocabulary.words), left_out, len(train))
    tokens = (vocabulary.tokens(captions[row]) for row in rows.tolist())
    bias = torch.from_numpy(token_bias(tokens, len(vocabulary.words))).float()
    sizes = Sizes(
        len(vocabulary.words),
        network.channels[-1],
        chosen.embedding,
        chosen.hidden,
        chosen.attention,
        chosen.dropout,
    )
    return Captioning(
        images=images,
        rows=rows,
        held=held,
        head=Captions(sizes, bias),
        preprocess=network.preprocess,
        side=larger(network.preprocess.size, network.patch),
        alpha_c=chosen.alpha_c,
        vocabulary=vocabulary,
        bias=bias,
    )


_MAKERS: Mapping[str, Callable[[Network, PretextSet, FengParams], PretextTask]] = {
    "color": _color,
    "sr": _sr,
    "scene": _labelled("scene"),
    "jigsaw": _jigsaw,
    "anp": _labelled("anp"),
    "caption": _caption,
}
