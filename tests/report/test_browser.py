"""The page in a real browser, where one is installed: no errors, no requests, no JavaScript, a phone."""

import json
import shutil

import pytest
import yaml

from pacl_core.report.build import render
from tests.report.test_first_screen import RECIPES, compared

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs an installed chromium")
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    # started as root in containers, where chromium's sandbox cannot be
    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-component-update", "--disable-sync"]
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(html, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser, address):
    """`opened(**context)`: the page, what the console said, what it asked for besides itself."""
    contexts = []

    def open_page(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        page, said, asked = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        return page, said, [url for url in asked if not url.startswith("data:") and url != address]

    yield open_page
    for context in contexts:
        context.close()


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def scroll_through(page):
    """Charts are drawn again when they come near, those folded once they are open; wait for all."""
    unfold(page)
    for chart in page.query_selector_all(".vega"):
        chart.scroll_into_view_if_needed()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.vega')].every((one) => one.querySelector('.vega-embed svg'))"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_come_alive_without_errors_or_requests(opened, scheme):
    """The hostile caption is on the page: it would have asked for an image or thrown."""
    page, said, asked = opened(color_scheme=scheme)
    scroll_through(page)
    assert said == []
    assert asked == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 150) == (scheme == "dark")


def test_sliders_move_the_shares_the_lines_to_paste_and_the_charts(opened):
    page, said, _ = opened()
    scroll_through(page)
    before = page.inner_text("#moved-strong")
    rule = "#chart-factual-histogram .mark-rule.role-mark line"
    drawn = page.eval_on_selector(rule, "line => line.getBoundingClientRect().x")
    page.focus("#slide-factual")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#at-factual") == "0.5"
    assert page.inner_text("#moved-strong") != before
    assert "factual: {transform: raw, threshold: 0.5, share: null, set_for: lit}" in page.inner_text(
        "#params-line"
    )
    page.wait_for_function(
        "([rule, x]) => document.querySelector(rule).getBoundingClientRect().x < x", arg=[rule, drawn]
    )
    page.click("#slide-back")
    assert page.inner_text("#moved-strong") == before
    assert said == []


def test_a_tooltip_shows_even_a_hostile_caption_as_text(opened, hostile):
    page, said, asked = opened()
    scroll_through(page)
    shown = set()
    for circle in page.locator("#chart-factual-map-cluster .mark-symbol.role-mark path").all()[:12]:
        circle.scroll_into_view_if_needed()
        box = circle.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_selector("#tip:not([hidden])")
        shown.add(page.text_content("#tip dd"))
    assert hostile[:90] in shown
    assert page.locator("#tip *:not(dt):not(dd)").count() == 0
    assert said == []
    assert asked == []


def test_without_javascript_everything_essential_stands(opened):
    page, _, asked = opened(java_script_enabled=False)
    assert asked == []
    assert page.locator(".vega svg").count() == page.locator(".vega").count() > 10
    for summary in page.locator("details.fold > summary").all():
        summary.click()
    assert all(chart.bounding_box()["height"] > 50 for chart in page.locator(".vega").all())
    assert page.locator("#sliders").is_hidden()
    assert page.locator("#threshold-tables table").first.is_visible()
    for said in ("Results", "Sample pairs", "What this run cannot claim"):
        assert page.get_by_role("heading", name=said, exact=True).is_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_phone_scrolls_in_one_direction(opened, javascript):
    page, said, _ = opened(java_script_enabled=javascript, **PHONE)
    if javascript:
        scroll_through(page)
        widths = page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]")
        assert max(widths) <= 390
    assert page.locator("main").bounding_box()["width"] <= 390
    assert said == []


def test_the_keyboard_reaches_links_sliders_and_folds(opened):
    page, _, _ = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().x") >= 0
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"slide-factual", "slide-emotional", "slide-back", "SUMMARY", "A"} <= reached
    page.focus("#slide-factual")
    outline = page.evaluate("getComputedStyle(document.querySelector(':focus-visible')).outlineStyle")
    assert outline != "none"


SCREENS = {
    "no change": ({"initial": 0.024, "pacl": 0.004}, 400, "unclear"),
    "60 posts": ({"initial": 0.162, "pacl": 0.26, "plain": 0.1, "random": 0.1}, 12, "unclear"),
    "random partitions": ({"initial": 0.04, "random": 0.14}, 400, "unclear"),
    "as good as random": ({"initial": 0.04, "pacl": 0.14, "plain": 0.2, "random": 0.13}, 400, "second"),
    "better": ({"initial": 0.04, "pacl": 0.2, "plain": 0.1, "random": 0.1}, 400, "better"),
}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", SCREENS)
def test_the_first_screen_has_the_answer_in_its_colour(
    browser, root, artefacts, params_text, tmp_path, name, width
):
    """The colour of what is named in `style.css`; green only where every control is exceeded."""
    means, items, colour = SCREENS[name]
    comparison = compared(means, items=items, over="better")
    (root / "metrics/comparison.json").write_text(json.dumps([comparison]))
    params = yaml.safe_load(params_text) | {"recipes": RECIPES}
    path = tmp_path / "page.html"
    path.write_text(render(artefacts, yaml.safe_dump(params), count=1, seed=0), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(path.as_uri())
    box = page.locator("#verdict .said").bounding_box()
    assert box["y"] + box["height"] < 844
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = page.evaluate(
        """(name) => {
            const probe = document.createElement("i");
            probe.style.color = `var(--${name})`;
            document.body.append(probe);
            const wanted = getComputedStyle(probe).color;
            const green = (probe.style.color = "var(--better)", getComputedStyle(probe).color);
            probe.remove();
            const box = document.querySelector("#verdict");
            const inside = [...box.querySelectorAll("*"), ...document.querySelectorAll(".card *")];
            return {
                border: getComputedStyle(box).borderLeftColor === wanted,
                green: inside.some((one) => getComputedStyle(one).color === green),
            };
        }""",
        colour,
    )
    assert shown == {"border": True, "green": name in ("as good as random", "better")}
    stacked = page.locator("#verdict table.against td")
    if stacked.count():
        display = stacked.first.evaluate("one => getComputedStyle(one).display")
        assert display == ("block" if width == 390 else "table-cell")
    context.close()


def test_it_opens_in_under_eight_screens_and_the_navigation_stays(opened):
    page, said, _ = opened(viewport={"width": 1280, "height": 800})
    assert page.evaluate("document.documentElement.scrollHeight") < 8 * 800
    page.locator("#training").scroll_into_view_if_needed()
    for _ in range(2):
        page.mouse.wheel(0, 600)
    page.wait_for_function("() => window.scrollY > 900")
    nav = page.locator("nav")
    assert nav.bounding_box()["y"] == 0 and nav.bounding_box()["width"] < 200
    page.click("nav a[href='#limits']")
    page.wait_for_function(
        "() => document.querySelector('#limits').getBoundingClientRect().top < window.innerHeight / 2"
    )
    page.wait_for_function("() => document.querySelector('nav a[aria-current]').hash === '#limits'")
    assert said == []


def test_a_link_of_the_navigation_opens_what_is_folded(opened):
    page, _, _ = opened()
    picture = page.locator("#samples img").first
    assert not picture.is_visible()
    page.click("nav a[href='#samples']")
    assert picture.is_visible()
    assert (
        page.locator("#samples [data-pair] a")
        .first.get_attribute("href")
        .startswith("http://127.0.0.1:8765/pair/")
    )


def test_on_a_phone_a_result_is_a_card_and_the_navigation_a_bar(opened):
    page, _, _ = opened(**PHONE)
    unfold(page)
    for table in page.locator("table.results").all():
        assert table.evaluate("one => one.scrollWidth <= one.parentElement.clientWidth")
    cell = page.locator("table.results td[data-label]").first
    assert cell.evaluate("one => getComputedStyle(one, '::before').content") == '"baseline"'
    assert page.locator("table.results thead").first.is_hidden()
    page.evaluate("window.scrollTo(0, 3000)")
    box = page.locator("nav").bounding_box()
    assert box["y"] == 0 and box["height"] < 60
