"""pacl doctor"""


def doctor() -> None: ...
