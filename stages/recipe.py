"""One more training on the same pairs, to compare PACL with: python -m stages.recipe <name>"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from pacl_core.corpus.provenance import MATCHED
from pacl_core.errors import UserError
from pacl_core.files.hashing import marks_sha256
from pacl_core.methods.pacl.division import divided, recorded_places
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.methods.pacl.training.held_out import HeldOut, hold_out
from pacl_core.methods.params import Params
from pacl_core.runtime.scratch import code_sha256
from stages.run import instance, run
from stages.train import Outs, Recipe, enhance

PAIRS = Path("data/pairs")
CODE = ("corpus/provenance.py", "methods/pacl/division.py", "methods/pacl/partition", Path(__file__))


def main(params: Params) -> None:
    name = instance("recipe", "recipes", params.recipes, what="recipe")
    own, mode = params.recipes[name].partition, params.partition.mode
    if own in ("factual", "emotional") and mode != "both":
        raise UserError(
            f"params.yaml: recipes.{name}.partition: {own}: partition.mode is '{mode}', which does not "
            "keep what each score alone says; set it to 'both'"
        )
    train = params.recipes[name].applied_to(params.train)

    def divide(samples: Samples, seed: int) -> HeldOut:
        """As `train` leaves pairs out, by its own seed, whatever the recipe's: curves then compare.

        Partitions at random are drawn anew for every training seed.
        """
        chosen = hold_out(
            samples, params.train.holdout, distance=params.train.holdout_distance, seed=params.train.seed
        )
        recorded = partial(recorded_places, PAIRS, samples.sample_ids, MATCHED)
        return replace(chosen, rows=divided(chosen.rows, own, seed=seed, recorded=recorded))

    key = {
        "partition": own,
        "train": params.train.one_training(),
        "pairs": marks_sha256([PAIRS]) if own == "record" else None,
        "recipe": code_sha256(*CODE),
    }
    outs = Outs(f"recipe-{name}", Path("models") / name, Path("training_recipes") / name)
    recipe = Recipe(divide, key, {"name": name, "partition": own})
    reader = params.pairs.reader
    enhance(params.backbone, params.text_encoder, train, reader=reader, outs=outs, recipe=recipe)


if __name__ == "__main__":
    run("recipe", main)
