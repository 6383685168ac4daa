"""Names of small artefacts that one room writes and another reads."""

import re


def result_name(dataset: str, protocol: str, task: str, metric: str) -> str:
    """File name, without suffix, of one figure in metrics/results: `fi-linear-emotion-accuracy`."""
    slug = re.sub(r"\W+", "_", task).strip("_")
    return f"{dataset}-{protocol}-{slug}-{metric}"
