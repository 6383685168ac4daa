"""What `pacl_core.methods.feng` names for the public."""

import pacl_core.methods.feng
from pacl_core.methods.feng.pretext.permutations import permutations


def test_permutations_are_public() -> None:
    assert pacl_core.methods.feng.permutations is permutations
