"""Names in lists and the files they mean."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.media.listed_files import ListedFiles, same_file
from pacl_core.media.rejects import UnusableError

NFC, NFD = "caf\u00e9", "cafe\u0301"


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(path.name.encode())
    return path


def find(root: Path, name: str, folder: str = ".") -> Path:
    return ListedFiles(root, "outside_dataset").find(root / folder, name)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a/1.jpg", "a/1.jpg"),
        ("a\\1.jpg", "a/1.jpg"),
        (".\\a\\b\\..\\1.jpg", "a/1.jpg"),
        ("a/1.jpg", "a/1.JPG"),
        ("a\\1.JPG", "a/1.jpg"),
        (f"a/{NFC}.jpg", f"a/{NFD}.jpg"),
        (f"{NFD}\\{NFD}.JPG", f"{NFC}/{NFC}.Jpg"),
        ("a\\1.jpg", "a\\1.jpg"),  # where a backslash is a letter as others are
    ],
)
def test_a_name_means_the_only_file_that_it_can(tmp_path: Path, name: str, file: str) -> None:
    path = put(tmp_path / file)
    assert find(tmp_path, name).samefile(path)


def test_the_name_as_written_comes_first(tmp_path: Path) -> None:
    for name in ("1.jpg", "1.JPG", f"{NFC}.jpg", f"{NFD}.jpg"):
        put(tmp_path / name)
    for name in ("1.jpg", "1.JPG", f"{NFC}.jpg", f"{NFD}.jpg"):
        assert find(tmp_path, name) == tmp_path / name


def test_of_several_none_is_taken(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg")
    put(tmp_path / "1.JPG")
    with pytest.raises(UnusableError, match=r"missing_image: no file .*1\.Jpg, but 1\.JPG and 1\.jpg"):
        find(tmp_path, "1.Jpg")


@pytest.mark.parametrize(
    "name", ["2.jpg", "A/1.jpg", "1.jpeg", "a/1.jpg/2.jpg", "x" * 300, "a\0.jpg", "\ud83d"]
)
def test_what_is_not_there_is_where_it_should_be(tmp_path: Path, name: str) -> None:
    put(tmp_path / "a" / "1.jpg")
    assert find(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name", ["../x.jpg", "..\\x.jpg", "/etc/passwd", "\\\\server\\x.jpg", "a/../../x.jpg", "a\\..\\..\\x.jpg"]
)
@pytest.mark.parametrize("folder", [".", "a/.."])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str, folder: str) -> None:
    put(tmp_path / "set" / "a" / "1.jpg")
    put(tmp_path / "x.jpg")
    with pytest.raises(UnusableError, match="outside_dataset: "):
        find(tmp_path / "set", name, folder)


def test_a_relative_root_and_links_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "elsewhere" / "1.jpg")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert find(Path("set"), "a\\1.JPG").samefile(tmp_path / "elsewhere" / "1.jpg")
    monkeypatch.chdir(tmp_path / "set")
    assert find(Path(), "a/1.jpg").samefile(tmp_path / "elsewhere" / "1.jpg")
    with pytest.raises(UnusableError, match="outside_dataset"):
        find(Path(), "../elsewhere/1.jpg")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["..", ".", "a", "\\", "/", "b.jpg", "C:", NFD, "~"]), max_size=8).map("".join)
)
def test_no_name_leads_out(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    root = tmp_path_factory.getbasetemp() / "any" / "set"
    if not root.exists():
        put(root / "a" / "b.jpg")
    try:
        found = find(root, name)
    except UnusableError as error:
        assert error.reason == "outside_dataset"
        return
    assert found.resolve().is_relative_to(root.resolve())


def test_a_missing_list_is_met_by_its_suffix(tmp_path: Path) -> None:
    put(tmp_path / "Table.TXT")
    assert same_file(tmp_path / "Table.txt").samefile(tmp_path / "Table.TXT")
    assert same_file(tmp_path / "table.txt") == tmp_path / "table.txt"
    assert same_file(tmp_path / "none" / "x.txt") == tmp_path / "none" / "x.txt"
    assert unicodedata.normalize("NFC", NFD) == NFC
