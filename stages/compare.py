"""All evaluated variants side by side, with paired differences from the first, and the published values."""

from pathlib import Path

from pacl_core.evaluation.comparison.published import join, load_published
from pacl_core.evaluation.comparison.variants import compare, comparison_table, results
from pacl_core.files.json_csv import write_csv, write_json
from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from stages.run import run


def main(params: Params) -> None:
    comparisons = [
        compare(
            Path("evaluation"),
            dataset,
            protocol,
            variants=params.evaluate.variants,
            resamples=params.evaluate.bootstrap,
        )
        for dataset in params.downstream
        for protocol in params.evaluate.protocols
    ]
    comparisons += [
        compare(
            Path(f"evaluation_transfer/entry{number}"),
            dataset,
            "transfer",
            variants=params.evaluate.variants,
            resamples=params.evaluate.bootstrap,
        )
        for number, entry in enumerate(params.evaluate.transfer)
        for dataset in entry.to
    ]
    published = join(load_published(Path("data/published")), comparisons)
    write_json(Path("metrics/comparison.json"), comparisons)
    write_json(Path("metrics/published.json"), published)
    write_csv(Path("plots/comparison.csv"), comparison_table(comparisons))
    with published_folder(Path("metrics/results")) as draft:
        for name, row in results(comparisons, published).items():
            write_json(draft / f"{name}.json", row)


if __name__ == "__main__":
    run("compare", main)
