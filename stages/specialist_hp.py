"""HP, high-level perceiving: adjective-noun pairs and captions: python -m stages.specialist_hp <training>"""

from pathlib import Path

from pacl_core.methods.params import Params
from stages.run import instance, run
from stages.specialist import Training, train_part


def main(params: Params) -> None:
    """Train one specialist and publish models/<training>-hp and its curves."""
    name = instance("specialist_hp", "feng", params.feng, what="training of Feng et al.")
    train_part(Training(name, params.feng[name], params.backbone), "hp", Path(__file__))


if __name__ == "__main__":
    run("specialist_hp", main)
