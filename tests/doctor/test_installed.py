"""Versions, extras and the device of this environment."""

from importlib.metadata import version

from pacl_core.doctor import Finding, installed


def test_versions_and_extras_have_a_line_each():
    found = {one.what: one for one in installed.installed()}
    assert f"torch {version('torch')}" in found["versions"].detail
    assert {f"extra '{name}'" for name in installed.EXTRAS} <= set(found)
    assert found["extra 'embedded'"] == Finding("extra 'embedded'", "fine", "the embedded default")


def test_a_library_that_is_missing_is_said(monkeypatch):
    """It used to end the command with a traceback."""
    monkeypatch.setattr(installed, "_LIBRARIES", ("numpy", "no-library-of-this-name"))
    versions = next(one for one in installed.installed() if one.what == "versions")
    assert versions.detail.endswith("no-library-of-this-name (not installed)")
    assert versions.state == "fine"


def test_an_extra_that_is_incomplete_is_a_note_with_its_command(monkeypatch):
    monkeypatch.setattr(installed, "_is_there", lambda requirement: requirement.name != "nicegui")
    [explore] = [one for one in installed.installed() if one.what == "extra 'explore'"]
    assert (explore.state, explore.fix) == ("note", "pip install -e '.[explore]'")
    assert "nicegui" in explore.detail


def test_a_device_that_is_no_device_stops(monkeypatch):
    monkeypatch.setenv("PACL_DEVICE", "toaster")
    [device] = [one for one in installed.installed() if one.what == "device"]
    assert (device.state, device.fix) == ("stops", "fix PACL_DEVICE or runtime.yaml")
