import torch

from pacl_core.methods.feng.heads.classes import Classes, Jigsaw
from tests.methods.feng.published_values import closed_form_weights, published, sine

SAID = published("heads")


@torch.no_grad()
def test_a_jigsaw_as_published() -> None:
    """On ResNets the features of a tile are the mean of its last map."""
    head = Jigsaw(512, 10).double()
    closed_form_weights(head, names=SAID["state_names"]["jigsaw"])
    features = sine((2, 9, 512, 2, 2), 0.05).mean(dim=(3, 4))
    wanted = torch.tensor(SAID["jigsaw"], dtype=torch.float64)
    torch.testing.assert_close(head(features), wanted, rtol=1e-9, atol=1e-9)


def test_classes_are_linear_in_the_features() -> None:
    head = Classes(6, 4)
    features = torch.ones(2, 6)
    torch.testing.assert_close(head(features), features @ head.cls.weight.T + head.cls.bias)
