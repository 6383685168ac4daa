"""What each variant was trained with, and the judged one next to what it is compared with.

Plain contrastive training is what one would otherwise do, and random partitions have PACL's sizes and
schedule: a gain over the initial backbone alone may be due to either.
"""

from typing import Any, NamedTuple

from pacl_core.report.sections.run import lookup

ENHANCED, TOO_FEW = "pacl", "too_few"
INITIAL, PACL, PLAIN, RANDOM, ORACLE = "initial", "pacl", "plain", "random", "oracle"
RECIPE, WEIGHTS, OTHER = "recipe", "weights", "other"  # another recipe; weights of `variants`; unknown
CLIPS = "clips"  # a training of EmotionCLIP
FENG = "feng"  # a training of Feng et al., or one of its specialists
RECIPE_PARTITIONS = {PLAIN: "none", RANDOM: "random", ORACLE: "record"}
_DIVIDED = {partition: control for control, partition in RECIPE_PARTITIONS.items()}
_HEADS = {PACL: "PACL", PLAIN: "plain contrastive", RANDOM: "random partitions", ORACLE: "oracle partitions"}
THAN = {PACL: "PACL", PLAIN: "plain contrastive training", RANDOM: "random partitions"}
# of Feng et al., and what the paper calls them; the variants are <training>-<specialist>
SPECIALISTS = {"st": "stimuli taking", "ho": "holistic organizing", "hp": "high-level perceiving"}
_FIRST = (INITIAL, PACL, PLAIN, RANDOM, ORACLE)  # columns of a table
_NOT_PACL = {
    PLAIN: ("With plain contrastive training", "all pairs in one group"),
    RANDOM: ("With random partitions", "drawn in the sizes of PACL's"),
    ORACLE: ("With oracle partitions", "as the corpus recorded how each pair was made"),
    WEIGHTS: ("With other weights", "not trained here"),
}


class Compared(NamedTuple):
    """A variant that the judged one is compared with: the difference `change` is judged minus this."""

    name: str
    kind: str
    head: str
    value: str
    change: dict[str, Any]


def kind(name: str, params: dict[str, Any]) -> str:
    """What the variant is, by `recipes` and `partition.mode` of the run."""
    if name == ENHANCED:
        return PLAIN if lookup(params, "partition.mode") == "none" else PACL
    recipes = params.get("recipes") or {}
    if name in recipes:
        return _DIVIDED.get(str(lookup(recipes, f"{name}.partition")), RECIPE)
    if name in (params.get("emotionclip") or {}):
        return CLIPS
    if feng_training(name, params):
        return FENG
    if name in (params.get("variants") or {}):
        return WEIGHTS
    return INITIAL if name == INITIAL else OTHER


def feng_training(name: str, params: dict[str, Any]) -> tuple[str, str | None] | None:
    """(training of Feng et al., its specialist or None) that the variant is; None of another variant."""
    known = params.get("feng") or {}
    if name in known:
        return name, None
    training, _, part = name.rpartition("-")
    return (training, part) if training in known and part in SPECIALISTS else None


def head(name: str, params: dict[str, Any]) -> str:
    """The variant in a word or two, with its name where that does not say it."""
    found = kind(name, params)
    said = _HEADS.get(found, name)
    return said if name == found or said == name else f"{said} ({name})"


def than(name: str, params: dict[str, Any]) -> str:
    """The variant at the end of 'better than'."""
    return THAN.get(kind(name, params), name)


def is_pacl(name: str, params: dict[str, Any]) -> bool:
    """Whether the variant was trained with partitions that scores estimated."""
    return kind(name, params) in (PACL, RECIPE)


def subject(name: str, params: dict[str, Any]) -> str:
    """The variant at the start of a sentence, so that what was trained is named."""
    found = kind(name, params)
    if found == PACL:
        mode = lookup(params, "partition.mode")
        return f"PACL by the {mode} score alone" if mode in ("factual", "emotional") else "PACL"
    if found in _NOT_PACL:
        said, how = _NOT_PACL[found]
        return f"{said} ({name}: {how}), the result"
    if found == FENG:
        _, part = feng_training(name, params) or (name, None)
        return f"{part.upper()} of Feng et al. ({name})" if part else f"Feng et al. ({name})"
    others = {RECIPE: f"PACL by the recipe {name}", CLIPS: f"EmotionCLIP ({name})"}
    return others.get(found, name)


def against(row: dict[str, Any], params: dict[str, Any]) -> list[Compared]:
    """Of a row of the results: the judged variant against the first, and then against the controls."""
    variants, own = row["variants"], row["judged"]
    if own is None:
        return []
    found = {variants[0]: row["changes"][own - 1]} | row["controls"]
    compared = [
        Compared(name, kind(name, params), head(name, params), row["values"][variants.index(name)][0], change)
        for name, change in found.items()
        if change["verdict"] != "undefined"
    ]
    return sorted(compared, key=_place)


def _place(one: Compared) -> int:
    return _FIRST.index(one.kind) if one.kind in _FIRST else len(_FIRST)


def controls_table(
    rows: list[dict[str, Any]], params: dict[str, Any], *, recipes: bool
) -> dict[str, Any] | None:
    """The judged variant against the others, a row per row; None where no control is among them.

    Without `recipes`: initial, plain contrastive, random partitions and oracle alone. `cells` has None for
    what a row is not compared with.
    """
    compared = [against(row, params) for row in rows]
    columns = {one.name: one for of_row in compared for one in of_row if recipes or one.kind in _FIRST}
    shown = sorted(columns.values(), key=_place)
    if not any(one.name != rows[0]["variants"][0] for one in shown):
        return None
    lines = []
    for row, of_row in zip(rows, compared, strict=True):
        by_name = {one.name: one for one in of_row}
        lines.append(
            {key: row[key] for key in ("dataset", "protocol", "task", "label")}
            | {"value": row["values"][row["judged"]][0], "below": row["below"][row["judged"]]}
            | {
                "grey": bool(row["below"][row["judged"]])
                or TOO_FEW in [one.change["verdict"] for one in of_row]
            }
            | {"cells": [by_name.get(one.name) for one in shown]}
        )
    own = rows[0]["variants"][rows[0]["judged"]]
    return {"subject": head(own, params), "columns": [one.head for one in shown], "rows": lines}


def cards(rows: list[dict[str, Any]], params: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows, each with what it is compared `against`, and the `other` training where it is not PACL's."""
    named = [(row, row["variants"][row["judged"]]) for row in rows]
    return [
        row | {"other": None if is_pacl(own, params) else head(own, params), "against": against(row, params)}
        for row, own in named
    ]


def with_controls(evaluations: list[dict[str, Any]] | None, params: dict[str, Any]) -> None:
    """Give each evaluation its `controls`: the table of every metric."""
    for one in evaluations or []:
        place = {key: one[key] for key in ("dataset", "protocol", "variants", "judged")}
        rows = [place | {"task": task["name"]} | row for task in one["tasks"] for row in task["rows"]]
        one["controls"] = controls_table(rows, params, recipes=True)
