"""DeepSentiBank's output, in every form that people hold it in."""

import json

import pytest

from pacl_core.errors import UserError
from pacl_core.models.anps.precomputed import read_deepsentibank

CONCEPTS = {"sunny_beach": 0.25, "Happy_Dog": 0.5, "cute_baby": 0.125, "sad_eyes": 0.0625}
RANKED = (["happy dog", "sunny beach", "cute baby", "sad eyes"], [0.5, 0.25, 0.125, 0.0625])
FORMS = [
    {"bi-concepts": CONCEPTS, "features": [0.1, 0.2]},
    {"images": [{"bi-concepts": CONCEPTS}]},
    CONCEPTS,
    list(CONCEPTS.items()),
    {name: str(score) for name, score in CONCEPTS.items()},
]


@pytest.mark.parametrize("entry", FORMS)
def test_one_file_per_image(tmp_path, entry):
    (tmp_path / "image-1.json").write_text(json.dumps(entry))
    assert read_deepsentibank(tmp_path)("image-1") == RANKED


@pytest.mark.parametrize("entry", FORMS)
def test_one_object_for_all(tmp_path, entry):
    path = tmp_path / "anps.json"
    path.write_text(json.dumps({"image-1": entry, "image-2": {"calm_sea": 1}}))
    anps = read_deepsentibank(path)
    assert anps("image-1") == RANKED
    assert anps("image-2") == (["calm sea"], [1.0])


@pytest.mark.parametrize("key", ["sample_id", "id", "image"])
def test_json_lines(tmp_path, key):
    path = tmp_path / "anps.jsonl"
    lines = [
        {key: "ümläut", "bi-concepts": {"calm_sea": 1}},
        {key: "image-1", **CONCEPTS},
        {key: 7, "a_b": 1},
    ]
    path.write_text("\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    anps = read_deepsentibank(path)
    assert anps("image-1") == RANKED
    assert anps("ümläut") == (["calm sea"], [1.0])
    assert anps("7") == (["a b"], [1.0])


def test_an_image_without_an_entry_has_no_pairs(tmp_path):
    (tmp_path / "image-1.json").write_text(json.dumps(CONCEPTS))
    anps = read_deepsentibank(tmp_path)
    assert anps("image-1") == RANKED
    assert anps("image-2") == ([], [])


def test_equal_probabilities_keep_their_order(tmp_path):
    (tmp_path / "a.json").write_text('{"z_z": 0.5, "a_a": 0.5, "m_m": 0.5}')
    assert read_deepsentibank(tmp_path)("a")[0] == ["z z", "a a", "m m"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("anps.json", "[1, 2]", "expected one JSON object"),
        ("anps.json", "{", "anps.json: not valid JSON"),
        ("anps.jsonl", '{"id": "a"}\n{"x": 1}\n', "anps.jsonl:2: expected an object with one of sample_id"),
        ("anps.jsonl", '{"id": "a"}\n{\n', "anps.jsonl:2: not valid JSON"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=says):
        read_deepsentibank(tmp_path / name)


@pytest.mark.parametrize(
    "entry", ['{"happy_dog": "much"}', '{"happy_dog": NaN}', "[1, 2]", "3", '{"images": []}']
)
def test_an_entry_of_another_form_names_the_image(tmp_path, entry):
    (tmp_path / "image-1.json").write_text(entry)
    with pytest.raises(UserError, match="entry of 'image-1' is not DeepSentiBank's"):
        read_deepsentibank(tmp_path)("image-1")


def test_missing_paths_and_empty_folders_are_named(tmp_path):
    with pytest.raises(UserError, match=r"no \.json file"):
        read_deepsentibank(tmp_path)
    with pytest.raises(UserError, match="no such file or folder"):
        read_deepsentibank(tmp_path / "nothing")
