"""The pages and their filters (page, pair_page, cards, controls), served by a real process and seen by a real
browser."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np
import polars as pl
import pytest

from tests.explorer.browser import CHROMIUM, Page, chromium
from tests.paths import ROOT
from tests.small_run import HOSTILE, PAIRS

pytest.importorskip("nicegui", reason="the extra 'explore' is not installed")

from pacl_core.explorer.pair_page import around

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _environment() -> dict[str, str]:
    """As outside of pytest: NiceGUI would else look for its own test settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


@pytest.fixture(scope="module")
def site(root) -> Iterator[str]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "pacl_core.cli.main",
        "explore",
        "--root",
        str(root),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{PAIRS} pairs at {address}  (Ctrl-C ends)\n"
        end = time.monotonic() + 60
        while True:
            try:
                urlopen(address).close()
                break
            except URLError:
                assert time.monotonic() < end, "the explorer did not answer"
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def status(address: str, **headers: str) -> int:
    try:
        with urlopen(Request(address, headers=headers)) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_addresses(site, pairs):
    with urlopen(f"{site}/image/7.jpg") as answer:
        assert (answer.headers["Content-Type"], answer.read()) == ("image/jpeg", pairs.jpeg(7))
    assert status(f"{site}/image/{PAIRS}.jpg") == 404
    assert status(f"{site}/image/-1.jpg") == 404
    assert status(f"{site}/pair/{PAIRS}") == 404
    assert status(f"{site}/pair/0") == 200
    for method in ("POST", "PUT", "DELETE"):
        with pytest.raises(HTTPError):
            urlopen(Request(f"{site}/pair/0", method=method))


def test_the_selection_can_be_downloaded(site):
    with urlopen(f"{site}/pairs.csv?text=sunny&sort=row") as answer:
        assert answer.headers["Content-Disposition"] == 'attachment; filename="pairs.csv"'
        found = pl.read_csv(answer.read())
    assert found["row"].to_list() == list(range(0, PAIRS, 2))
    with urlopen(f"{site}/pairs.zip?text=onerror") as answer:
        assert answer.headers["Content-Type"] == "application/zip" and answer.read(2) == b"PK"
    assert status(f"{site}/pairs.exe") == status(f"{site}/report") == 404


def test_around_a_pair_are_its_neighbours_in_the_selection():

    rows = np.array([5, 2, 9], dtype=np.uint32)
    assert [around(rows, row) for row in (5, 2, 9, 7)] == [
        (None, 2, 0), (5, 9, 1), (2, None, 2), (None, None, None),
    ]  # fmt: skip


def test_it_answers_to_this_machines_names_only(site):
    assert status(site, Host="evil.example") == 400
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for other in others - {"127.0.0.1"}:
        if other.startswith("127."):
            continue
        with socket.socket() as probe:
            probe.settimeout(2)
            assert probe.connect_ex((other, int(site.rpartition(":")[2]))) != 0


def test_a_taken_port_is_one_line(site, root):
    port = site.rpartition(":")[2]
    command = [sys.executable, "-m", "pacl_core.cli.main", "explore", "--root", str(root), "--port", port]
    done = subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        f"pacl: error: port {port} is taken; choose another with --port\n",
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        tab.size(1280, 900)
        yield tab


CARDS = "document.querySelectorAll('.pair').length"
COUNT = "document.querySelector('header [aria-live]').textContent"


@needs_chromium
def test_it_asks_nobody_else_and_complains_of_nothing(site, page):
    for path in ("/", "/?text=sad", "/pair/3"):
        page.open(site + path)
        page.until(f"location.pathname + location.search === '{path}' && document.readyState === 'complete'")
        page.until("[...document.images].length > 0 && [...document.images].every(one => one.complete)")
    hosts = {
        urlsplit(one).hostname for one in page.requests if urlsplit(one).scheme in ("http", "https", "ws")
    }
    assert hosts == {"127.0.0.1"}
    assert page.complaints == []


@needs_chromium
def test_hostile_text_is_shown_as_text(site, page):
    page.open(f"{site}/?text=onerror")
    page.until(f"{CARDS} === 1")
    assert page.ask("document.querySelector('.pair .text').textContent") == HOSTILE
    assert page.ask("document.querySelectorAll('.pair .text *').length") == 0
    assert page.ask("document.querySelector('.pair img').alt") == HOSTILE
    page.open(f"{site}/pair/3")
    page.until("document.querySelector('.one-pair') !== null")
    assert HOSTILE in page.ask("document.querySelector('.one-pair').textContent")
    assert page.ask("document.querySelectorAll('img[src=x], .one-pair b').length") == 0
    assert page.complaints == []


@needs_chromium
def test_filters_by_keyboard_and_the_address_remembers(site, page, pairs):
    page.open(f"{site}/")
    page.until(f"{CARDS} === 24")
    page.until(f"{COUNT} === '{PAIRS} of {PAIRS}'")
    page.ask("document.querySelector('input[type=search]').focus()")
    page.type("sunny")
    sunny = sum("sunny" in text.lower() for text in pairs.table.collect()["text"])
    page.until(f"{COUNT} === '{sunny} of {PAIRS}'")
    page.until("location.search === '?text=sunny'")
    page.press("Tab", 9)  # to the button that clears the field
    page.press("Tab", 9)
    page.until("document.activeElement.getAttribute('role') === 'checkbox'")
    page.press(" ", 32)
    strong = [
        row
        for row in pairs.table.collect().to_dicts()
        if row["partition"] == "strong" and "sunny" in row["text"].lower()
    ]
    page.until(f"{COUNT} === '{len(strong)} of {PAIRS}'")
    page.until("location.search === '?partitions=strong&text=sunny'")
    page.open(f"{site}/?partitions=strong&text=sunny")
    page.until(f"{COUNT} === '{len(strong)} of {PAIRS}'")
    assert page.ask("document.querySelector('input[type=search]').value") == "sunny"


@needs_chromium
def test_a_pair_opens_and_shows_its_facts(site, page):
    page.open(f"{site}/")
    page.until(f"{CARDS} === 24")
    page.ask("document.querySelectorAll('.pair')[8].focus()")
    page.press("Enter", 13)
    page.until("location.pathname === '/pair/8' && document.querySelector('.facts') !== null")
    facts = page.ask("document.querySelector('.facts').innerText")
    for name in ("Factual value", "Emotional score", "Factual label", "Hash of the pixels"):
        assert name in facts
    assert "same pixels" in page.ask("document.querySelector('.pair').textContent")


@needs_chromium
def test_keys_turn_to_the_next_pair_of_the_selection_and_back(site, page):
    page.open(f"{site}/pair/8?text=sunny")
    page.until("document.querySelector('.facts') !== null")
    assert "5 of 20" in page.ask("document.querySelector('header').innerText")
    page.press("ArrowRight", 39)
    page.until("location.pathname === '/pair/10' && location.search === '?text=sunny'")
    page.until("document.querySelector('.facts') !== null")
    page.press("ArrowLeft", 37)
    page.until("location.pathname === '/pair/8'")
    page.until("document.querySelector('.facts') !== null")
    page.press("Escape", 27)
    page.until("location.pathname === '/' && location.search === '?text=sunny'")


@needs_chromium
def test_a_tag_stays_and_can_be_asked_for(site, page, root):
    page.open(f"{site}/pair/7")
    page.until("document.querySelector('.tags input') !== null")
    page.ask("document.querySelector('.tags input').focus()")
    page.type("ironic")
    page.press("Enter", 13)
    path = root / ".pacl/tags.json"
    end = time.monotonic() + 20
    while not path.is_file():
        assert time.monotonic() < end, "no tag was kept"
        time.sleep(0.1)
    assert json.loads(path.read_text()) == {"p007": ["ironic"]}
    page.open(f"{site}/?tag=ironic")
    page.until(f"{CARDS} === 1 && {COUNT} === '1 of {PAIRS}'")


@needs_chromium
def test_sliders_have_a_histogram_and_set_a_bound(site, page):
    page.open(f"{site}/")
    page.until(f"{CARDS} === 24")
    heights = "[...document.querySelectorAll('.histogram i')].filter((one) => one.offsetHeight > 0).length"
    assert page.ask(heights) > 10
    page.ask("document.querySelector('.q-range [role=slider], .q-range [tabindex]').focus()")
    page.press("ArrowRight", 39)
    page.until("location.search.startsWith('?factual_from=')")


@needs_chromium
def test_the_last_page_holds_the_rest(site, page):
    page.open(f"{site}/?page=99")
    page.until(f"{CARDS} === {PAIRS - 24}")


@needs_chromium
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_nothing_is_wider_than_the_screen(site, page, width, height):
    page.size(width, height)
    for path in ("/", "/pair/3"):
        page.open(site + path)
        page.until("document.images.length > 0")
        assert page.ask("document.documentElement.scrollWidth <= window.innerWidth")
    page.size(1280, 900)
