"""Zero-shot classification against loops over items and classes, and against open_clip itself."""

import json
import math
from pathlib import Path

import numpy as np
import open_clip
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import NotApplicableError
from pacl_core.evaluation.protocols import zero_shot
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import save_model
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.params.evaluation import ZeroShotParams
from pacl_core.params.models import BackboneParams, TextEncoderParams
from tests.tiny_checkpoints import (
    CLIP_TOWERS,
    write_tiny_open_clip,
    write_tiny_roberta,
    write_tiny_timm_resnet,
)

EMOTION = Task(
    "emotion", "single_label", ("emotion",), ("awe", "fear", "joy"), words=("awe", "scared", "happy")
)
VALENCE = Task("valence", "regression", ("valence",))
PROMPTS = ("A photo with [C] emotion.", "The photo makes me feel so [C]!", "[C], [C]")
PARAMS = ZeroShotParams(prompts=PROMPTS)
TEMPERATURE = 0.2


@pytest.fixture
def dataset(tmp_path) -> Path:
    path = tmp_path / "photos.parquet"
    columns = {
        "item_id": [f"item{i:02}" for i in range(24)],
        "split": [("train", "val", "test")[i % 3] for i in range(24)],
        "emotion": pa.array(np.arange(24) % 3, pa.int32()),
        "valence": pa.array(np.zeros(24), pa.float32()),
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def pacl(tmp_path) -> Path:
    """A saved backbone with projectors and the text encoder that they belong to."""
    folder = tmp_path / "pacl"
    folder.mkdir()
    backbone = load_backbone(BackboneParams(**write_tiny_timm_resnet(tmp_path / "resnet")))
    encoder = TextEncoderParams(**write_tiny_roberta(tmp_path / "roberta"))
    generator = torch.Generator().manual_seed(0)
    projectors = {
        "image.weight": torch.randn(5, backbone.dim, generator=generator),
        "text.weight": torch.randn(5, 32, generator=generator),
    }
    save_model(
        folder,
        backbone,
        {"temperature": TEMPERATURE},
        projectors=projectors,
        text_encoder=encoder.model_dump(),
    )
    return folder


def features_of(model: Path) -> np.ndarray:
    dim = json.loads((model / "model.json").read_text())["dim"]
    return np.random.default_rng(0).random((24, dim)).astype(np.float32)


def run(tasks, dataset, model, params=PARAMS):
    return zero_shot.run(
        tasks, DownstreamData(dataset, features_of(model)), model, params=params, device="cpu"
    )


def unit(vector):
    length = math.sqrt(sum(float(value) ** 2 for value in vector))
    return [float(value) / length for value in vector]


def by_loops(model: Path, prompts: tuple[str, ...], rows=range(2, 24, 3)) -> list[list[float]]:
    """Probabilities of the test items, or of other rows, by the mean of unit vectors over `prompts`."""
    from safetensors.numpy import load_file

    weights = load_file(model / "projectors.safetensors")
    described = json.loads((model / "model.json").read_text())["text_encoder"]
    encoder = load_text_encoder(TextEncoderParams(**described), "cpu")
    classes = []
    for word in ("awe", "scared", "happy"):
        vectors = [
            unit(weights["text.weight"] @ encoder.encode_texts([prompt.replace("[C]", word)])[0])
            for prompt in prompts
        ]
        classes.append(unit([sum(column) / len(prompts) for column in zip(*vectors, strict=True)]))
    probabilities = []
    for row in rows:
        image = unit(weights["image.weight"] @ features_of(model)[row])
        raised = [
            math.exp(sum(a * b for a, b in zip(image, text, strict=True)) / TEMPERATURE) for text in classes
        ]
        probabilities.append([value / sum(raised) for value in raised])
    return probabilities


def test_prompts_and_their_ensemble_are_those_of_loops(dataset, pacl):
    *outcomes, rated = run([VALENCE, EMOTION], dataset, pacl)
    assert rated.task.name == "valence, moods"
    assert [one.task.name for one in outcomes] == [
        *(f"emotion, prompt {number}" for number in (1, 2, 3)),
        "emotion, ensemble",
    ]
    for outcome, prompts in zip(outcomes, [*((prompt,) for prompt in PROMPTS), PROMPTS], strict=True):
        assert outcome.test.prediction.shape == (1, 8, 3)
        np.testing.assert_allclose(outcome.test.prediction[0], by_loops(pacl, prompts), rtol=1e-4)
        assert outcome.test.item_ids == [f"item{i:02}" for i in range(2, 24, 3)]
        assert outcome.chosen["class_names"] == ["awe", "scared", "happy"]
    assert [one.chosen["prompt"] for one in outcomes] == [*PROMPTS, "ensemble"]


def test_every_item_of_folds_is_predicted_once(dataset, pacl):
    """Nothing is fitted, so there is nothing to say of folds; the rows come fold by fold."""
    table = pq.read_table(dataset)
    table = table.append_column("fold", pa.array([row % 2 for row in range(24)], pa.int8()))
    val_of = [1 - row % 2 if row % 4 < 2 else None for row in range(24)]
    table = table.append_column("val_of", pa.array(val_of, pa.int8()))
    pq.write_table(table, dataset)
    (first, *_) = run([EMOTION], dataset, pacl)
    rows = [*range(0, 24, 2), *range(1, 24, 2)]
    assert first.test.item_ids == [f"item{row:02}" for row in rows]
    np.testing.assert_allclose(first.test.prediction[0], by_loops(pacl, PROMPTS[:1], rows), rtol=1e-4)
    assert set(first.chosen) == {"prompt", "class_names"}


def test_another_order_of_classes_permutes_the_probabilities(dataset, pacl):
    order = [2, 0, 1]
    permuted = Task(
        "emotion",
        "single_label",
        ("emotion",),
        tuple(EMOTION.classes[i] for i in order),
        words=tuple(EMOTION.words[i] for i in order),
    )
    for one, other in zip(run([EMOTION], dataset, pacl), run([permuted], dataset, pacl), strict=True):
        np.testing.assert_allclose(one.test.prediction[..., order], other.test.prediction, rtol=1e-5)


def test_without_words_the_class_names_are_used(dataset, pacl):
    plain = Task("emotion", "single_label", ("emotion",), ("awe", "scared", "happy"))
    one, other = run([EMOTION], dataset, pacl)[0], run([plain], dataset, pacl)[0]
    assert np.array_equal(one.test.prediction, other.test.prediction)


def test_one_prompt_needs_no_ensemble(dataset, pacl):
    assert len(run([EMOTION], dataset, pacl, ZeroShotParams(prompts=PROMPTS[:1]))) == 1
    assert len(run([EMOTION], dataset, pacl, ZeroShotParams(prompts=PROMPTS, ensemble=False))) == 3


def test_a_prompt_without_its_class_is_refused(dataset, pacl):
    with pytest.raises(UserError, match=r"'A happy photo' has no \[C\]"):
        run([EMOTION], dataset, pacl, ZeroShotParams.model_construct(prompts=("A happy photo",)))


def test_without_single_labels_or_projectors_it_does_not_apply(dataset, tmp_path, pacl):
    shares, dominance = (Task("other", kind, ("valence",)) for kind in ("distribution", "multi_label"))
    with pytest.raises(NotApplicableError, match="photos has no single-label task and no ratings of valence"):
        run([shares, dominance], dataset, pacl)
    dataset = with_column(dataset, "dominance")
    with pytest.raises(NotApplicableError, match="no ratings of valence or arousal"):
        run([Task("power", "regression", ("dominance",))], dataset, pacl)
    folder = tmp_path / "initial"
    folder.mkdir()
    backbone = load_backbone(BackboneParams(**write_tiny_timm_resnet(tmp_path / "resnet")))
    save_model(folder, backbone, training=None, projectors=None)
    with pytest.raises(NotApplicableError, match="initial has no projectors"):
        run([EMOTION], dataset, folder)


@pytest.mark.parametrize("tower", CLIP_TOWERS)
def test_a_clip_model_without_projectors_does_what_open_clip_does(tmp_path, dataset, tower):
    folder = tmp_path / "initial"
    folder.mkdir()
    backbone = load_backbone(BackboneParams(**write_tiny_open_clip(tmp_path / "published", tower)))
    save_model(folder, backbone, training=None, projectors=None)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(24, 3, 32, 32, generator=generator)
    with torch.no_grad():
        features = backbone.module(images).numpy()
    (outcome,) = zero_shot.run(
        [EMOTION],
        DownstreamData(dataset, features),
        folder,
        params=ZeroShotParams(prompts=PROMPTS[:1]),
        device="cpu",
    )

    clip = open_clip.create_model(f"local-dir:{tmp_path / 'published'}").eval()
    tokens = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'published'}")(
        [PROMPTS[0].replace("[C]", word) for word in EMOTION.words]
    )
    with torch.no_grad():
        seen = clip.encode_image(images[2::3], normalize=True)
        read = clip.encode_text(tokens, normalize=True)
        expected = (clip.logit_scale.exp() * seen @ read.T).softmax(dim=1)
    np.testing.assert_allclose(outcome.test.prediction[0], expected.numpy(), rtol=1e-4)


def with_column(dataset: Path, name: str) -> Path:
    table = pq.read_table(dataset)
    ratings = np.random.default_rng(1).random(24).astype(np.float32)
    pq.write_table(table.append_column(name, pa.array(ratings)), dataset)
    return dataset


def unit_texts(model: Path, texts: list[str]) -> np.ndarray:
    from safetensors.numpy import load_file

    described = json.loads((model / "model.json").read_text())["text_encoder"]
    encoder = load_text_encoder(TextEncoderParams(**described), "cpu")
    weight = load_file(model / "projectors.safetensors")["text.weight"]
    return np.array([unit(weight @ vector) for vector in encoder.encode_texts(texts)])


def test_ratings_are_scored_by_high_moods_minus_low_ones(dataset, pacl):
    va = Task("va", "regression", ("valence", "Arousal_mean", "dominance"), scale=(1, 9))
    for column in ("Arousal_mean", "dominance"):
        dataset = with_column(dataset, column)
    *_, outcome = run([va, EMOTION], dataset, pacl)
    assert (outcome.task.name, outcome.task.kind) == ("va, moods", "score")
    assert outcome.task.columns == ("valence", "Arousal_mean")  # there are no moods for dominance
    assert outcome.test.prediction.shape == (1, 8, 2) == (1, *outcome.test.target.shape)
    images = np.array(
        [unit(load_weights(pacl)["image.weight"] @ row) for row in features_of(pacl)[range(2, 24, 3)]]
    )
    for column, rated in enumerate(("valence", "arousal")):
        ends = []
        for moods in zip(*zero_shot.MOODS[rated], strict=True):
            texts = [prompt.replace("[C]", mood) for prompt in PROMPTS for mood in moods]
            ends.append(unit(unit_texts(pacl, texts).mean(axis=0)))
        expected = images @ ends[0] - images @ ends[1]
        np.testing.assert_allclose(outcome.test.prediction[0, :, column], expected, atol=1e-5)
    assert outcome.chosen["moods"]["valence"][0] == ["happy", "unhappy"]


def load_weights(model: Path):
    from safetensors.numpy import load_file

    return load_file(model / "projectors.safetensors")


def test_every_high_mood_has_a_low_one_of_its_own():
    for pairs in zero_shot.MOODS.values():
        words = [word for pair in pairs for word in pair]
        assert len(set(words)) == len(words) == 12


def test_a_set_of_ratings_alone_is_scored(dataset, pacl):
    (outcome,) = run([VALENCE], dataset, pacl, ZeroShotParams(prompts=PROMPTS[:1]))
    assert outcome.task.name == "valence, moods"
    assert outcome.test.item_ids == [f"item{i:02}" for i in range(2, 24, 3)]
