"""Ids seen so far."""

from pacl_core.files.seen_ids import Seen


def test_an_id_is_new_once() -> None:
    with Seen() as seen:
        assert [seen.add(name) for name in ("a", "b", "a", "A", "a ", "b")] == [
            True, True, False, True, True, False,
        ]  # fmt: skip
