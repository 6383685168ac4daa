"""pacl inspect"""


def inspect() -> None: ...
