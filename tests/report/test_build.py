"""The page: whole, self-contained, escaped, and honest about what is not there."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import yaml

from pacl_core.errors import UserError
from pacl_core.report.build import render, write_report
from stages.report import artefacts as artefacts_of
from tests.paths import ROOT

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


def points(html, name):
    """The data of a chart, as the page's script reads them."""
    data = re.search(rf'data-chart="{name}">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(data)["data"]["values"]


def test_every_section_is_there_and_linked(html):
    page = Page(html)
    ids = [attributes["id"] for attributes in page.all("section")]
    order = [
        "verdict",
        "results",
        "partition",
        "training",
        "examples",
        "samples",
        "pseudo-labels",
        "limits",
        "run",
    ]
    assert ids == order
    assert {attributes["href"] for attributes in page.all("a")} == {f"#{name}" for name in ids}


def test_nothing_is_loaded_from_elsewhere_and_only_known_scripts_run(html):
    """The policy names the page's own scripts by their hashes; all else is data."""
    page = Page(html)
    assert page.all("link") == page.all("iframe") == []
    assert not any("src" in script for script in page.all("script"))
    kinds = [script["type"] for script in page.all("script")]
    assert kinds.count("module") == 2
    assert set(kinds) == {"module", "application/json"}
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv")]
    assert "default-src 'none'" in policy
    allowed = policy.split("script-src ")[1].split(";")[0].split()
    scripts = re.findall(r'<script type="module">(.*?)</script>', html, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert allowed == [f"'sha256-{digest}'" for digest in digests]
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    style = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_drawing_has_every_stage(html):
    section = html[html.index('<section id="run"') :]
    for name in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]:
        assert f">{name}</text>" in section


def test_an_auc_of_one_provenance_is_undefined(root, artefacts, params_text):
    path = root / "metrics/partition.json"
    metrics = json.loads(path.read_text())
    metrics["agreement"] |= {"factual_auc": None}
    path.write_text(json.dumps(metrics))
    words = Page(render(artefacts, params_text, count=1, seed=0)).words
    assert "ROC AUC of the factual score undefined , of the emotional score 0.642" in words
    assert "undefined where all pairs match, or none does" in words


def test_a_hostile_caption_is_text(artefacts, params_text, hostile):
    """All 400 pairs are shown, so the hostile ones are among them: as samples, on the map, as a neighbour."""
    html = render(artefacts, params_text, count=400, seed=0)
    page = Page(html)
    assert {script["type"] for script in page.all("script")} == {"module", "application/json"}
    assert not any(link["href"].startswith("javascript:") for link in page.all("a"))
    assert hostile in "".join(page.text)
    assert "<b>dark</b> night" in "".join(page.text)
    assert "<b>joy</b>" in "".join(page.text)
    assert page.all("b") == []
    assert len([one for one in page.all("li") if one.get("class") == "sample"]) == 400
    (point,) = [one for one in points(html, "chart-factual-map-cluster") if one["text"] == hostile[:90]]
    assert point["partition"] == "strong"


def test_headings_go_down_by_one(html):
    levels = [int(tag[1]) for tag, _ in Page(html).elements if tag in ("h1", "h2", "h3", "h4", "h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_image_and_chart_says_what_it_is(html):
    page = Page(html)
    assert all(image["alt"].strip() for image in page.all("img"))
    assert all(one["aria-label"] for one in page.all("div") if one.get("class") == "vega")
    first = next(attributes for tag, attributes in page.elements if tag == "a")
    assert first == {"class": "skip", "href": "#results"}


def test_hostile_params_and_names_are_text(root, artefacts, params_text):
    params = params_text.replace("data/corpora/openmoji.yaml", "'<script>1</script>'")
    (root / "metrics/pairs.json").write_text(
        json.dumps({"pairs": 3, "rejected": 1, "rejected_by_reason": {"<img src=x>": 1}})
    )
    path = root / "metrics/comparison.json"
    (one, _) = json.loads(path.read_text())
    one |= {"dataset": "<i>set</i>", "not_applicable": {"<b>v</b>": "<a href=x>why</a>"}}
    one["tasks"] = {"<u>t</u>": one["tasks"]["valence"]}
    figures = one["tasks"]["<u>t</u>"]["figures"]
    figures["<s>m</s>"] = figures.pop("pearson")
    path.write_text(json.dumps([one]))
    page = Page(render(artefacts, params, count=1, seed=0))
    for tag in ("i", "u", "s", "b"):
        assert page.all(tag) == []
    assert {script["type"] for script in page.all("script")} == {"module", "application/json"}
    assert all(link["href"].startswith("#") for link in page.all("a"))
    assert "<img src=x>" in "".join(page.text)


def test_the_numbers_of_the_artefacts_are_on_the_page(html):
    words = Page(html).words
    for said in (
        "400",
        "broken_image",
        "tf_efficientnet_lite0",
        "0.853",
        "124 test items",
        "mean squared",
        "samples.strong 78",
    ):
        assert said in words
    assert "+0.075 +0.004 to +0.148" in words
    assert "no item of class positive" in words


def test_phases_are_counted_from_the_first_epoch(root, artefacts, html, params_text):
    """The same by values per epoch and by points within them."""
    said = "<strong>strong</strong> from epoch 1, <strong>+ partial</strong> from epoch 3"
    (root / "training/plots/metrics/loss/weak.tsv").unlink()
    partial = root / "training/plots/metrics/loss/partial_emotional.tsv"
    partial.write_text("step\tpartial_emotional\n2\t3.0\n3\t2.5\n")
    assert said in render(artefacts, params_text, count=1, seed=0)
    for name, first in (("strong", 0), ("partial_emotional", 2)):
        path = root / f"training/plots/steps/loss/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"epoch\t{name}\n{first + 0.5}\t3.5\n{first + 1.0}\t3.0\n")
    assert said in render(artefacts, params_text, count=1, seed=0)


def test_published_shares_are_next_to_those_of_the_papers_corpus_only(root, artefacts, html, params_text):
    assert "TumEmo at threshold" not in Page(html).words and "22.0 %" not in Page(html).words
    path = root / "metrics/partition.json"
    shares = {"strong": 0.22, "partial": 0.51, "weak": 0.27}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"published_shares": shares}))
    words = Page(render(artefacts, params_text, count=1, seed=0)).words
    for said in ("22.0 % published", "51.0 %", "TumEmo at threshold 0.7"):
        assert said in words


def test_the_answer_is_on_the_first_screen_above_the_cards(root, artefacts, params_text):
    (root / "training/metrics.json").write_text(json.dumps({"without_negatives": {"weak": 1.0}}))
    html = render(artefacts, params_text, count=1, seed=0)
    words = Page(html).words
    before = words.split("Did it work?")[1].split("Inputs")[0]
    order = ["Not compared with plain contrastive training", "Why", "What next", "are strong"]
    places = [before.index(one) for one in order]
    assert places == sorted(places)
    assert html.index('id="verdict"') < html.index('class="cards"')


def test_main_metrics_have_intervals_of_their_own(root, artefacts, params_text):
    path = root / "metrics/comparison.json"
    one = json.loads(path.read_text())[0]
    entry = {"mean": 0.4, "std": 0.02, "low": 0.31, "high": 0.52}
    variants = {"initial": entry, "pacl": {"mean": 0.5, "std": None, "low": None, "high": None}}
    accuracy = {"variants": variants, "differences": {}, "baselines": {}}
    one["tasks"] = {"mood": one["tasks"]["polarity"] | {"figures": {"accuracy": accuracy}}}
    path.write_text(json.dumps([one]))
    words = Page(render(artefacts, params_text, count=1, seed=0)).words.split("Every metric")[0]
    assert "40.00 (2.00) 31.00 to 52.00 50.00 not compared" in words


def test_verdicts_follow_the_direction_of_the_metric(html):
    """MSE falls and R2 rises: both better. Pearson's interval holds zero. Weighted F1 falls: worse."""
    words = Page(html).words.split("Every metric")[1]
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
        "2 of 7 differences",
        "2 of the main results are no better than a baseline that never looks at the image: polarity",
        "Too few test items for a verdict: themes (emoji_sentiment)",
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
    """Sections without content are not there, nor links to them; one line names their stages."""
    page = Page(render(artefacts_of(tmp_path), "pairs: {reader: folder}", count=4, seed=0))
    ids = [attributes["id"] for attributes in page.all("section")]
    assert ids == ["verdict", "results", "limits", "run"]
    assert {attributes["href"] for attributes in page.all("a")} == {f"#{name}" for name in ids}
    assert "No variants were compared yet" in page.words
    stages = "partition , pairs , train , examples , pseudo_labels ."
    assert f"Not on this page, as these stages have not run: {stages}" in page.words


def test_an_empty_partition_is_said(root, artefacts, params_text):
    path = root / "metrics/partition.json"
    metrics = json.loads(path.read_text())
    metrics["shares"] |= {"strong": 0.0}
    path.write_text(json.dumps(metrics | {"agreement": None}))
    words = Page(render(artefacts, params_text, count=1, seed=0)).words
    assert "No pair is strong" in words
    assert "cannot be checked against provenance" in words


def test_the_same_artefacts_give_the_same_bytes(root, artefacts, html, params_text):
    assert render(artefacts, params_text, count=8, seed=0) == html
    assert render(artefacts, params_text, count=8, seed=1) != html
    out = root / "report"
    out.mkdir()
    write_report(artefacts, out, params_text, count=8, seed=0)
    assert (out / "index.html").read_text(encoding="utf-8") == html


def test_a_partition_of_other_pairs_is_refused(root, artefacts, tmp_path_factory, params_text, write_project):
    other = tmp_path_factory.mktemp("other")
    write_project(other, pairs=300)
    (other / "data/partition.parquet").replace(root / "data/partition.parquet")
    for path in (root / "data/pairs").glob("*.parquet"):
        path.unlink()
    first = next((other / "data/pairs").glob("part-00001*"))
    first.replace(root / "data/pairs/part-00000.parquet")
    with pytest.raises(UserError, match="not of these pairs"):
        render(artefacts, params_text, count=8, seed=0)


def test_a_metric_of_unknown_direction_is_called_neither_better_nor_worse(root, artefacts, params_text):
    path = root / "metrics/comparison.json"
    (one, _) = json.loads(path.read_text())
    entry = {"mean": 1, "std": 0, "low": 0.5, "high": 1.5}
    variants = {"initial": entry, "pacl": entry | {"mean": 2}}
    change = {"value": 1, "low": 0.5, "high": 1.5, "verdict": "better"}
    novel = {"variants": variants, "differences": {"pacl": change}, "baselines": {}}
    undefined = change | {"low": None, "high": None, "verdict": "undefined"}
    r2 = {"variants": variants, "differences": {"pacl": undefined}, "baselines": {}}
    one["tasks"] = {"mood": one["tasks"]["valence"] | {"figures": {"novel": novel, "r2": r2}}}
    path.write_text(json.dumps([one]))
    results = Page(render(artefacts, params_text, count=1, seed=0)).words.split("Every metric")[1]
    results = results.split("Test images among")[0]
    assert "novel – 1.000 (0.000) 2.000 (0.000) +1.000" in results
    assert "changed" in results
    assert "+1.000 no interval on this test split" in results
    assert "better" not in results.replace("is better", "").replace("worse better", "", 1)


def test_published_values_are_next_to_ours_in_percent(html):
    """One that is undefined here has a dash and no difference."""
    words = Page(html).words.split("Published and ours")[1].split("Every metric")[0]
    assert "Table 1: enhancement (ResNet-50, linear)" in words
    assert "emoji_sentiment, polarity Accuracy % ↑ 57.72 61.20 +3.48 59.50 –" in words


def test_a_variant_that_was_not_evaluated_has_its_reason_and_no_difference(html):
    words = Page(html).words
    assert "emoji_sentiment, zero-shot: initial was not evaluated. It has no projectors." in words
    assert '“A "photo" with [C] <emotion>.”' in words
    assert "Accuracy % ↑ 20.00 chance – 25.00 (0.90) no better than chance not compared" in words


def test_the_finest_level_stands_for_a_hierarchical_task(html):
    overview = Page(html).words.split("Results Mean")[1].split("↑ higher")[0]
    assert "levels, linear Accuracy, fine % ↑ 20.00 the most frequent class 33.00" in overview
    assert "Accuracy, coarse" not in overview


def test_classes_confusion_and_calibration_of_both_variants(html):
    """Confusion cells are shares of the row's items: 40.2 of 62 are 65 %."""
    page = Page(html)
    words = page.words
    assert "negative 62 61.0 61.0 50.0 50.0 55.0 55.0" in words
    assert "<i>positive</i>" in words
    assert page.all("i") == []
    cells = [
        attributes
        for attributes in page.all("td")
        if attributes.get("style", "").startswith("--share") and "title" in attributes
    ]
    assert len(cells) == 2 * 3 * 4  # two variants, a task and two levels, two by two classes
    assert cells[0] == {"style": "--share: 39%", "title": "40.2 items"}
    assert "negative 65 35" in words
    assert "No test item has the class: neutral." in words
    assert "Peace 1,200 41.0 41.0 72.0 72.0 33.0 33.0 Yearning 0 – – – – – –" in words
    assert "all positive or all negative: Yearning" in words
    assert words.count("perfect calibration") == 3


def test_empty_bins_are_not_drawn(html):
    assert html.count("of items</title>") == 2 * 3 * 8


@pytest.mark.parametrize(
    ("setting", "said"),
    [("none", "they count in the results"), ("near", "none of them counts in the results")],
)
def test_leaks_are_limits(artefacts, params_text, setting, said):
    params = params_text.replace("pacl]}", f"pacl], exclude_leaks: {setting}}}")
    html = render(artefacts, params, count=1, seed=0)
    limits = Page(html[html.index('<section id="limits"') : html.index("</main>")]).words
    assert "emoji_sentiment: of 124 test items 3 are exact and 5 near duplicates" in limits
    assert said in limits
    assert (
        "left out of every result, because training saw them or near duplicates: emoji_sentiment 2" in limits
    )


def test_leaks_of_a_set_that_is_no_longer_listed_are_not_shown(artefacts, params_text):
    params = params_text.replace("emoji_sentiment", "another")
    html = render(artefacts, params, count=1, seed=0)
    assert "Test images among the pairs" not in html and "of 124 test items" not in html


def test_no_leak_no_limit(root, artefacts, params_text):
    clean = {"test_items": 124, "exact_items": 0, "near_items": 0, "distance": 4}
    (root / "metrics/leaks/emoji_sentiment.json").write_text(json.dumps(clean))
    html = render(artefacts, params_text, count=1, seed=0)
    assert "duplicates of pre-training" not in html[html.index('id="limits"') :]


def test_cross_validated_items_are_said_with_their_folds(root, artefacts, params_text):
    path = root / "metrics/comparison.json"
    linear, zero_shot = json.loads(path.read_text())
    html = render(artefacts, params_text, count=1, seed=0)
    assert "124 test items" in html and "folds" not in Page(html).words
    for task in linear["tasks"].values():
        task["chosen"] = {"initial": {"folds": [{}] * 5}, "pacl": {"folds": [{}] * 5}}
    linear["tasks"]["polarity"]["test_items"] = 100
    path.write_text(json.dumps([linear, zero_shot]))
    words = Page(render(artefacts, params_text, count=1, seed=0)).words
    assert "linear 124 items, 5 folds, 2 more left out" in words
    assert "polarity 100 items" in words
    assert "zero-shot 124 test items" in words  # nothing is fitted there
    assert "Test items: emoji_sentiment 124 in 5 folds." in words


def test_many_evaluations_are_folded(root, artefacts, params_text):
    """One alone is open; of several each is a line that opens, and the overview shows them all."""
    path = root / "metrics/comparison.json"
    (one, _) = json.loads(path.read_text())
    path.write_text(json.dumps([one]))
    alone = Page(render(artefacts, params_text, count=1, seed=0))
    assert {"class": "evaluation", "open": None} in alone.all("details")
    path.write_text(json.dumps([one | {"dataset": f"set{i}"} for i in range(12)]))
    page = Page(render(artefacts, params_text, count=1, seed=0))
    folded = [attributes for attributes in page.all("details") if attributes.get("class") == "evaluation"]
    assert folded == [{"class": "evaluation"}] * 12
    assert page.words.split("Every metric")[0].count("levels, linear") == 12


def test_a_result_that_does_not_exceed_the_baseline_is_grey_and_says_so(html):
    words = Page(html).words.split("Results Mean")[1].split("↑ higher")[0]
    polarity = words.split("polarity, linear")[1].split("levels, linear")[0]
    assert polarity.count("no better than the most frequent class") == 2
    assert "60.50 the most frequent class 61.20" in polarity
    assert "chance" not in polarity
    assert html.count('<td class="n below"') > 2
    assert "no better than" not in words.split("levels, linear")[1].split("themes, linear")[0]


def test_few_items_have_no_colour_and_no_verdict(html):
    words = Page(html).words.split("Results Mean")[1].split("↑ higher")[0]
    themes = words.split("themes, linear")[1]
    assert "+1.00 −1.00 to +3.00 too few test items (12) to tell" in themes
    section = html[html.index('<section id="results"') :].split("Every metric")[0]
    row = section[section.index("themes, linear") :].split("</tr>")[0]
    assert not any(word in row for word in ("better-word", "worse-word", "<svg"))
