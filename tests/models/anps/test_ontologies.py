"""Every published list of adjective-noun pairs reads as phrases; the project's own is the product it says."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.errors import UserError
from pacl_core.models.anps.ontologies import read_ontology
from tests.paths import ROOT

PUBLISHED = ROOT.parent / "shared" / "real_formats"
VSO = """The sentiment value of each ANP is created by merging the two.


1. beautiful [sentiment: 1.00] [#images: 18,487,527]
\tbeautiful_flower [sentiment: 1.77] [#imgs: 2,380,000]
\tbeautiful_girl [sentiment: 1.67] [#imgs: 1,110,000]
2. little [sentiment: 1.00] [#images: 9,000,000]
\tlittle_girl [sentiment: 1.00] [#imgs: 100]
"""
DUMMY = """0. sample [sentiment: 0.00] [#images: 0]
\t0 [sentiment: -2.00] [#imgs: 0]
\t1 [sentiment: 0.00] [#imgs: 0]
\t2 [sentiment: 2.00] [#imgs: 0]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "list.txt"
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("format", "text", "pairs"),
    [
        ("vso", VSO, ["beautiful flower", "beautiful girl", "little girl"]),
        ("vso", DUMMY + VSO, ["beautiful flower", "beautiful girl", "little girl"]),
        ("sentibank", "cloudy_moon\r\nsuper_moon\r\n\r\ncloudy_moon\r\n", ["cloudy moon", "super moon"]),
        ("mvso", "happy_dog\nsad_eyes\n", ["happy dog", "sad eyes"]),
        ("mvso", "ANP,sentiment\nhappy_dog,1.2\nenglish/sad_eyes,-1\n", ["happy dog", "sad eyes"]),
        ("mvso", "happy_dog\t1.2\nsad_eyes\t-1\n", ["happy dog", "sad eyes"]),
        ("deepsentibank", "abandoned_area\nyoung_lady\n", ["abandoned area", "young lady"]),
        ("deepsentibank", json.dumps(["abandoned_area", "young_lady"]), ["abandoned area", "young lady"]),
        ("plain", "\ufeff# my own\nHappy Dog\n\n  sad   eyes\nhappy dog\n", ["happy dog", "sad eyes"]),
    ],
)
def test_pairs_are_words_once_in_order(tmp_path, format, text, pairs):
    assert read_ontology(written(tmp_path, text), format) == pairs


words = st.text(st.characters(categories=["Ll"], max_codepoint=0x24F), min_size=1, max_size=6)


@given(names=st.lists(st.tuples(words, words), min_size=1, max_size=10, unique=True))
def test_a_list_of_names_survives_in_every_format(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("lists")
    expected = list(dict.fromkeys(f"{adjective} {noun}".lower() for adjective, noun in names))
    lines = "".join(f"{adjective}_{noun}\n" for adjective, noun in names)
    for format in ("plain", "sentibank", "mvso", "deepsentibank"):
        assert read_ontology(written(folder, lines), format) == expected


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="needs cuts of the published files")
def test_cuts_of_the_published_files():
    plain = read_ontology(PUBLISHED / "3244ANPs_head.txt", "vso")
    dummy = read_ontology(PUBLISHED / "3244ANPs_head_with_dummy_rows.txt", "vso")
    bank = read_ontology(PUBLISHED / "1200ANPs_head.txt", "sentibank")
    assert plain[:3] == ["beautiful flower", "beautiful girl", "beautiful view"]
    assert dummy == plain[: len(dummy)]
    assert (len(bank), bank[:2]) == (30, ["cloudy moon", "super moon"])


@pytest.mark.parametrize(
    ("text", "format", "says"),
    [
        (VSO, "vsoo", "unknown ontology format 'vsoo'; did you mean 'vso'"),
        ("happy_dog\n", "vso", "no adjective-noun pair in the format 'vso'; check anps.format"),
        ("", "plain", "no adjective-noun pair"),
        ("[1, ", "deepsentibank", "not valid JSON"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, format, says):
    with pytest.raises(UserError, match=says):
        read_ontology(written(tmp_path, text), format)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nothing\.txt: no such ontology"):
        read_ontology(tmp_path / "nothing.txt", "plain")


def test_the_projects_list_is_the_product_of_its_words():
    folder = ROOT / "data" / "ontology"
    adjectives, nouns = ((folder / name).read_text().split() for name in ("adjectives.txt", "nouns.txt"))
    product = [f"{adjective} {noun}" for adjective in adjectives for noun in nouns]
    assert (folder / "affective_anps.txt").read_text().splitlines() == product
    assert read_ontology(folder / "affective_anps.txt", "plain") == product


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_a_list_is_read_in_the_encodings_of_editors(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("happy_dog\r\ncaf\u00e9_chic\r\n".encode(encoding))
    assert read_ontology(tmp_path / "a.txt", "plain") == ["happy dog", "caf\u00e9 chic"]


def test_no_phrase_holds_nul(tmp_path):
    (tmp_path / "a.txt").write_bytes("happy_dog\n".encode("utf-16-le"))
    with pytest.raises(UserError, match="UTF-16 without a byte-order mark; save it as UTF-8"):
        read_ontology(tmp_path / "a.txt", "plain")
