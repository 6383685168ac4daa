"""At most six parameters per function; those beyond the third are given by name."""

import ast

from tests.architecture.sources import Function, functions, modules

MOST, MOST_BY_PLACE = 6, 3
EQUATIONS = {"amalgamation_loss"}
"""Their parameters are those of a published equation."""


def is_called_by_torch(function: Function, owner: ast.ClassDef | None) -> bool:
    """By place, with parameters that torch decides: an autograd function, an overridden operation."""
    bases = {ast.unparse(base).split(".")[-1] for base in owner.bases} if owner else set()
    return function.name == "__torch_function__" or "Function" in bases


def counts(function: Function, owner: ast.ClassDef | None) -> tuple[int, int]:
    """Parameters, and those of them that may be given by place; `self` and `cls` are not counted."""
    by_place = len(function.args.posonlyargs) + len(function.args.args)
    static = any(ast.unparse(one) == "staticmethod" for one in function.decorator_list)
    by_place -= owner is not None and not static
    return by_place + len(function.args.kwonlyargs), by_place


def test_functions_take_few_parameters() -> None:
    wrong = []
    for source in modules().values():
        for function, owner in functions(source.tree):
            if function.args.vararg or is_called_by_torch(function, owner):
                continue  # a callback takes what its caller gives
            if function.name in EQUATIONS:
                continue
            every, by_place = counts(function, owner)
            if every > MOST or by_place > MOST_BY_PLACE:
                place = f"{source.path}:{function.lineno} {function.name}"
                wrong.append(f"{place} takes {every}, {by_place} of them by place")
    assert not wrong, "\n".join(wrong)
