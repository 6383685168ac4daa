"""Who may import whom, as scripts/reference/rooms.py says, and no import cycles."""

import sys
from collections.abc import Iterable

import networkx as nx
import pytest

from scripts.reference.rooms import EVERYTHING, NEIGHBOURS, NEVER, TIERS, Never, may_import, room_of
from tests.architecture.sources import imported_names, imports, modules
from tests.paths import ROOT

ROOMS = [room for tier in TIERS for room in tier]


def edges() -> list[tuple[str, str]]:
    return [(one, other) for one, others in imports().items() for other in sorted(others)]


def room_edges() -> set[tuple[str, str]]:
    pairs = {(room_of(one), room_of(other)) for one, other in edges()}
    return {(one, other) for one, other in pairs if one != other}


def cycles(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    return [group for group in nx.strongly_connected_components(nx.DiGraph(pairs)) if len(group) > 1]


def is_under(module: str, folder: str) -> bool:
    """`folder` without its package: `methods.pacl` holds `pacl_core.methods.pacl.params`."""
    return f"{module.removeprefix('pacl_core.')}.".startswith(f"{folder}." if folder else "")


def test_the_table_has_every_room_and_no_other() -> None:
    folders = {path.parent.name for path in (ROOT / "pacl_core").glob("*/__init__.py")}
    assert sorted(ROOMS) == sorted(folders | {"errors", "extras", "stages", "pacl_core"})


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_the_table_allows(room: str) -> None:
    wrong = [
        f"{one} imports {other}"
        for one, other in edges()
        if room_of(one) == room and not may_import(room, room_of(other))
    ]
    assert not wrong, "\n".join(wrong)


def test_neighbours_in_the_table_are_rooms_of_one_tier_that_are_imported() -> None:
    pairs = {(room, other) for room, others in NEIGHBOURS.items() for other in others}
    assert all(any({room, other} <= tier.keys() for tier in TIERS) for room, other in pairs)
    assert pairs - room_edges() == set()


@pytest.mark.parametrize("rule", NEVER, ids=lambda rule: f"{rule.who}-{rule.what or 'everything'}")
def test_what_is_never_imported(rule: Never) -> None:
    wrong = [
        f"{one} imports {other}: {rule.why}"
        for one, other in edges()
        if is_under(one, rule.who) and is_under(other, rule.what)
        if not any(is_under(other, allowed) for allowed in rule.but)
    ]
    assert not wrong, "\n".join(wrong)


def test_rules_name_what_exists() -> None:
    names = {name for rule in NEVER for name in (rule.who, *rule.but)}
    assert [name for name in names if not any(is_under(module, name) for module in modules())] == []
    assert all(rule.what == EVERYTHING or rule.what in ROOMS for rule in NEVER)


def test_a_method_imports_no_other_method() -> None:
    folders = [path.parent.name for path in (ROOT / "pacl_core/methods").glob("*/__init__.py")]
    wrong = [
        f"{one} imports {other}"
        for one, other in edges()
        for method in folders
        for another in folders
        if method != another and is_under(one, f"methods.{method}") and is_under(other, f"methods.{another}")
    ]
    assert not wrong, "\n".join(wrong)


def test_of_libraries_the_objective_needs_torch_alone() -> None:
    found = {
        name.split(".")[0]
        for module, source in modules().items()
        if is_under(module, "methods.pacl.objective")
        for name in imported_names(source.tree)
    }
    assert found - sys.stdlib_module_names - {"pacl_core"} == {"torch"}


def test_no_module_imports_itself_through_others() -> None:
    assert cycles(edges()) == []


def test_no_room_imports_itself_through_others() -> None:
    assert cycles(room_edges()) == []
