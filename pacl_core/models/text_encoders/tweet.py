"""Tweets as BERTweet was trained on: @USER, HTTPURL, emoji by name (Nguyen et al. 2020, TweetNormalizer).

Tokens are nltk's for tweets, in the copy that transformers ships. Names are those of the installed `emoji`,
a few of which changed since 0.6.0, which BERTweet's authors used.
"""

from functools import cache
from typing import Any

from pacl_core.errors import UserError
from pacl_core.extras import install

# applied in this order to the joined tokens, with a blank after the last one only where it had one
_CLITICS = (
    ("cannot ", "can not "),
    ("n't ", " n't "),
    ("n 't ", " n't "),
    ("ca n't", "can't"),
    ("ai n't", "ain't"),
    ("'m ", " 'm "),
    ("'re ", " 're "),
    ("'s ", " 's "),
    ("'ll ", " 'll "),
    ("'d ", " 'd "),
    ("'ve ", " 've "),
    (" p . m .", "  p.m."),
    (" p . m ", " p.m "),
    (" a . m .", " a.m."),
    (" a . m ", " a.m "),
)


def normalise_tweet(text: str) -> str:
    """One tweet as a line of normalised tokens. Raises `UserError` where the package `emoji` is missing."""
    tokens = _tokeniser().tokenize(text.replace("’", "'").replace("…", "..."))
    line = " ".join(_normalise_token(token) for token in tokens)
    for written, trained in _CLITICS:
        line = line.replace(written, trained)
    return " ".join(line.split())


def _normalise_token(token: str) -> str:
    if token.startswith("@"):
        return "@USER"
    if token.lower().startswith(("http", "www")):
        return "HTTPURL"
    # longer sequences arrive as single characters: nltk's last pattern takes one at a time
    return _demojize(token) if len(token) == 1 else token


@cache
def _tokeniser() -> Any:
    from transformers.models.bertweet.tokenization_bertweet import TweetTokenizer

    return TweetTokenizer()  # type: ignore[no-untyped-call]


def _demojize(character: str) -> str:
    try:
        from emoji import demojize
    except ImportError:
        raise UserError(f"normalise: tweet needs the package emoji; {install('embedded')}") from None
    name: str = demojize(character)
    return name
