"""TumEmo (Yang et al. 2020): `<id>.jpg` and `<id>.txt`, in one folder or in several."""

from collections.abc import Iterator

from pacl_core.corpus.file_pairs import corpus_folder, file_posts
from pacl_core.corpus.readers import Post
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts by path; the sample_id is the post's id alone. `UserError`: no such folder.

    Emotion labels are not read: files of labels have no image of the same name and are rejected unread, and
    the name of a folder is not part of the sample_id.
    """
    return file_posts(corpus_folder(params.path), lambda path: path.name)
