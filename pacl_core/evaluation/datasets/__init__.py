"""Downstream data sets by the name of their reader."""

from importlib import import_module

from pacl_core.errors import unknown
from pacl_core.evaluation.datasets.records import DownstreamSet
from pacl_core.params.evaluation import DownstreamParams

_READERS = {
    "emoji_sentiment": "pacl_core.evaluation.datasets.emoji_sentiment",
}


def read_dataset(params: DownstreamParams) -> DownstreamSet:
    """The data set that `params` name. Raises `UserError`: unknown reader, missing path."""
    if params.reader not in _READERS:
        raise unknown("reader", params.reader, _READERS)
    dataset: DownstreamSet = import_module(_READERS[params.reader]).read(params)
    return dataset
