"""The page: whole, self-contained, escaped, and honest about what is not there."""

import json
from html.parser import HTMLParser

import pytest

from pacl_core.errors import UserError
from pacl_core.report.build import render, write_report

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Elements with their attributes, all text, and the ids; fails on a tag that does not close."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self._open = [], [], []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture
def html(artefacts, params_text):
    return render(artefacts, params_text, count=8, seed=0)


def test_every_section_is_there_and_linked(html):
    page = Page(html)
    ids = [attributes["id"] for attributes in page.all("section")]
    assert ids == ["results", "run", "partition", "samples", "pseudo-labels", "training", "limits"]
    assert {attributes["href"] for attributes in page.all("a")} == {f"#{name}" for name in ids}


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs(html):
    page = Page(html)
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "url(" not in html
    assert "@import" not in html


def test_a_hostile_caption_is_text(artefacts, params_text, hostile):
    """All 400 pairs are shown, so the hostile ones are among them."""
    html = render(artefacts, params_text, count=400, seed=0)
    page = Page(html)
    assert page.all("script") == []
    assert hostile in "".join(page.text)
    assert "<b>dark</b> night" in "".join(page.text)
    assert page.all("b") == []
    assert len(page.all("img")) == 400


def test_hostile_params_and_names_are_text(artefacts, params_text):
    params = params_text.replace("data/corpora/openmoji.yaml", "'<script>1</script>'")
    (artefacts / "metrics/pairs.json").write_text(
        json.dumps({"pairs": 3, "rejected": 1, "rejected_by_reason": {"<img src=x>": 1}})
    )
    tree = {
        "<i>set</i>-linear": {
            "<u>t</u>": {"<s>m</s>": {"initial": 1, "initial_std": 0, "pacl": 1, "pacl_std": 0}}
        }
    }
    (artefacts / "metrics/comparison.json").write_text(json.dumps(tree))
    page = Page(render(artefacts, params, count=1, seed=0))
    for tag in ("script", "i", "u", "s"):
        assert page.all(tag) == []
    assert "<img src=x>" in "".join(page.text)


def test_the_figures_of_the_artefacts_are_on_the_page(html):
    words = Page(html).words
    for said in (
        "400",
        "broken_image",
        "efficientnet_lite0",
        "22.0 %",
        "51.0 %",
        "0.853",
        "124 test items",
        "mean squared",
        "samples.strong 78",
    ):
        assert said in words
    assert "+0.075 +0.004 to +0.148" in words
    assert "not defined on this test split" in words


def test_verdicts_follow_the_direction_of_the_figure(html):
    """MSE falls and R2 rises: both better. Pearson's interval holds zero. Weighted F1 falls: worse."""
    words = Page(html).words
    rows = {name: words.split(name, 2)[1][:230] for name in ("MSE × 100", "Pearson r", "F1, weighted")}
    assert "better" in rows["MSE × 100"]
    assert "no clear change" in rows["Pearson r"]
    assert "worse" in rows["F1, weighted"]


def test_stand_ins_and_unclear_intervals_are_named_as_limits(html):
    limits = html[html.index('id="limits"') :]
    for said in (
        "not from CLIP",
        "BERTweet",
        "SKEP",
        "EfficientNet-Lite0",
        "nobody posted them",
        "2 of 5 differences",
    ):
        assert said in limits


def test_published_models_are_no_stand_ins(artefacts, params_text):
    params = (
        params_text.replace("lit", "open_clip")
        .replace("nade", "hf")
        .replace("minilm", "hf")
        .replace("openmoji,", "x,")
    )
    html = render(artefacts, params, count=1, seed=0)
    assert "SKEP" not in html[html.index('id="limits"') :]


def test_an_empty_project_still_has_a_page(tmp_path):
    words = Page(render(tmp_path, "pairs: {reader: folder}", count=4, seed=0)).words
    for said in (
        "No variants were compared yet",
        "not partitioned yet",
        "No pairs to show",
        "No training curves",
    ):
        assert said in words


def test_an_empty_partition_is_said(artefacts, params_text):
    path = artefacts / "metrics/partition.json"
    metrics = json.loads(path.read_text())
    metrics["shares"] |= {"strong": 0.0}
    path.write_text(json.dumps(metrics | {"agreement": None}))
    words = Page(render(artefacts, params_text, count=1, seed=0)).words
    assert "No pair is strong" in words
    assert "cannot be checked against one" in words


def test_the_same_artefacts_give_the_same_bytes(artefacts, html, params_text):
    assert render(artefacts, params_text, count=8, seed=0) == html
    assert render(artefacts, params_text, count=8, seed=1) != html
    out = artefacts / "report"
    out.mkdir()
    write_report(artefacts, out, params_text, count=8, seed=0)
    assert (out / "index.html").read_text(encoding="utf-8") == html


def test_a_partition_of_other_pairs_is_refused(artefacts, tmp_path_factory, params_text, write_project):
    other = tmp_path_factory.mktemp("other")
    write_project(other, pairs=300)
    (other / "data/partition.parquet").replace(artefacts / "data/partition.parquet")
    for path in (artefacts / "data/pairs").glob("*.parquet"):
        path.unlink()
    first = next((other / "data/pairs").glob("part-00001*"))
    first.replace(artefacts / "data/pairs/part-00000.parquet")
    with pytest.raises(UserError, match="not of these pairs"):
        render(artefacts, params_text, count=8, seed=0)


def test_a_figure_of_unknown_direction_is_called_neither_better_nor_worse(artefacts, params_text):
    leaf = {
        "initial": 1,
        "initial_std": 0,
        "pacl": 2,
        "pacl_std": 0,
        "difference": 1,
        "low": 0.5,
        "high": 1.5,
    }
    tree = {"photos-linear": {"mood": {"novel": leaf, "r2": leaf | {"low": None, "high": None}}}}
    (artefacts / "metrics/comparison.json").write_text(json.dumps(tree))
    results = Page(render(artefacts, params_text, count=1, seed=0)).words.split("photos-linear", 2)[1][:400]
    assert "novel 1.000 (0.000) 2.000 (0.000) +1.000" in results
    assert "changed" in results
    assert "+1.000 not defined on this test split" in results
    assert "better" not in results.split("↑ higher")[0]
