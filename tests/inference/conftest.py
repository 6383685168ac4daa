"""One small finished run for all tests of this folder; nobody writes into it."""

import pytest

from tests.small_run import write_downstream, write_models
from tests.tiny_checkpoints import write_tiny_clip_model
from tests.videos import numbered, write_video


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    write_models(root)
    write_downstream(root)
    return root


@pytest.fixture(scope="session")
def of_clips(tmp_path_factory):
    """The folder of a saved model of clips, of 4 frames each."""
    return write_tiny_clip_model(tmp_path_factory.mktemp("clips") / "models/sap")


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """A second of 25 frames that tell their number."""
    return write_video(tmp_path_factory.mktemp("video") / "v.mp4", numbered(25))
