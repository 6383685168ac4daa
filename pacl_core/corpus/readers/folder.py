"""A folder of images, each with a text file of the same name; folders in it too."""

from collections.abc import Iterator

from pacl_core.corpus.file_pairs import corpus_folder, file_posts
from pacl_core.corpus.readers import Post
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts by path; the sample_id is the path in the folder without suffix. `UserError`: no such folder."""
    return file_posts(corpus_folder(params.path), lambda path: path.as_posix())
