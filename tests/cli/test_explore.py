"""pacl explore without its extra; the pages themselves are tested in tests/explorer."""

import sys


def test_a_missing_extra_is_one_line(pacl, monkeypatch, tmp_path):
    """The import of the pages used to end in a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "nicegui", None)
    for name in ("page", "controls"):
        monkeypatch.delitem(sys.modules, f"pacl_core.explorer.{name}", raising=False)
    done = pacl("explore")
    assert (done.code, done.err) == (
        1,
        "pacl: error: the explorer needs nicegui; pip install -e '.[explore]'\n",
    )
