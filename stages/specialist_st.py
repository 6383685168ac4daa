"""ST, stimuli taking: colours and super resolution: python -m stages.specialist_st <training>"""

from pathlib import Path

from pacl_core.methods.params import Params
from stages.run import instance, run
from stages.specialist import Training, train_part


def main(params: Params) -> None:
    """Train one specialist and publish models/<training>-st and its curves."""
    name = instance("specialist_st", "feng", params.feng, what="training of Feng et al.")
    train_part(Training(name, params.feng[name], params.backbone), "st", Path(__file__))


if __name__ == "__main__":
    run("specialist_st", main)
