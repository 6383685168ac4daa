"""One thread for small products, and as many as before afterwards."""

import pytest
import torch

from pacl_core.runtime.threads import one_thread


def test_the_number_comes_back_after_an_error_too() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        with pytest.raises(KeyError), one_thread():
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
