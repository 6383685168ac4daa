"""TumEmo (Yang et al. 2020): `<id>.jpg` and `<id>.txt`, in one folder or in several."""

from collections.abc import Iterator

from pacl_core.corpus.file_pairs import corpus_folder, file_posts
from pacl_core.corpus.posts import Post
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts by path; the sample_id is the post's id alone. `UserError`: no such folder.

    Emotion labels are nowhere: files of labels have no image of their name and are rejected unread, and a
    folder named after an emotion leaves no trace in the sample_id.
    """
    return file_posts(corpus_folder(params.path), lambda path: path.name)
