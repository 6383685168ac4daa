"""Data for the page's script, as JSON that no text of the corpus can break out of."""

import json

from markupsafe import Markup

# "</script>", "<!--" and the line ends that JSON allows and scripts once did not
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def island(value: object) -> Markup:
    """The inside of `<script type="application/json">`. Raises ValueError for NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in _ESCAPED.items():
        text = text.replace(character, escaped)
    return Markup(text)
