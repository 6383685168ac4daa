"""Corpus, lists and test sets that can be read, and those that cannot."""

from pathlib import Path

from pacl_core.doctor.data import clip_corpora, data, pretext_sets
from pacl_core.methods.params import load
from pacl_core.params.clips import ClipsParams
from pacl_core.params.evaluation import DownstreamParams
from pacl_core.params.pairs import PairsParams
from tests.small_run import drawing

ANPS = Path("data/ontology/affective_anps.txt")


def of_corpus(pairs: PairsParams):
    return {one.what: one for one in data(pairs, ANPS, {})}["pairs"]


def folder(path: Path) -> PairsParams:
    return PairsParams(reader="folder", path=str(path), image_size=64)


def test_the_first_posts_of_the_corpus_are_read(tmp_path):
    assert of_corpus(load("params.yaml").pairs).state == "fine"
    gone = of_corpus(folder(tmp_path / "gone"))
    assert gone.state == "stops" and "no such folder" in gone.detail
    (tmp_path / "1.jpg").write_bytes(b"broken")
    (tmp_path / "1.txt").write_text("words")
    broken = of_corpus(folder(tmp_path))
    assert broken.state == "note" and "not_a_picture" in broken.detail
    (tmp_path / "2.png").write_bytes(drawing(0))
    (tmp_path / "2.txt").write_text("words")
    fixed = of_corpus(folder(tmp_path))
    assert fixed.state == "fine" and "1 of the first 2" in fixed.detail


def test_the_list_of_adjective_noun_pairs_must_be_there(tmp_path):
    pairs = load("params.yaml").pairs
    for path, state in ((ANPS, "fine"), (tmp_path / "gone.txt", "stops")):
        assert [one.state for one in data(pairs, path, {}) if one.what == "anps.path"] == [state]


def test_test_sets_need_a_record_and_a_path(tmp_path):
    sets = {
        "fi": DownstreamParams(record="data/datasets/fi.yaml", path=str(tmp_path / "gone")),
        "mine": DownstreamParams(record=str(tmp_path / "mine.yaml"), path=str(tmp_path)),
        "here": DownstreamParams(record="data/datasets/fi.yaml", path=str(tmp_path)),
    }
    found = {one.what: one for one in data(load("params.yaml").pairs, ANPS, sets)}
    states = [found[f"downstream.{name}"].state for name in ("fi", "mine", "here")]
    assert states == ["stops", "stops", "fine"]
    assert found["downstream.mine"].fix == f"fix {tmp_path / 'mine.yaml'}"


def test_pretext_sets_need_no_test_split_and_no_task_that_is_evaluated(tmp_path):
    sets = {
        name: DownstreamParams(record=f"data/datasets/{name}.yaml", path=str(path))
        for name, path in (("places365", tmp_path), ("artemis", tmp_path), ("vso", tmp_path / "gone"))
    }
    assert [one.state for one in pretext_sets(sets)] == ["fine", "fine", "stops"]
    found = {one.what: one for one in data(load("params.yaml").pairs, ANPS, sets)}
    assert "no test split; list it under pretext_sets" in found["downstream.places365"].detail
    assert "no protocol evaluates captions" in found["downstream.artemis"].detail


def test_the_first_video_of_clips_is_opened(tmp_path):
    (tmp_path / "c.csv").write_text("video,start,end,text\nv.mp4,0,1,hi\n")
    (tmp_path / "v.mp4").write_bytes(b"no video")
    those = {
        "drawn": ClipsParams(reader="rendered", path="data/corpora/clips.yaml"),
        "listed": ClipsParams(reader="clip_manifest", path=str(tmp_path / "c.csv")),
        "gone": ClipsParams(reader="subtitles", path=str(tmp_path / "gone")),
        "none": ClipsParams(reader="subtitles", path=str(tmp_path)),
    }
    found = clip_corpora(those)
    assert [one.state for one in found] == ["fine", "note", "stops", "stops"]
    assert "not_a_video" in found[1].detail
