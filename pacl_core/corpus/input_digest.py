"""What a reader has yielded, as one running hash: whether a corpus still begins as it did."""

import hashlib

from pacl_core.corpus.posts import Post, Rejected


class InputDigest:
    """SHA-256 over inputs in their order: every field of each, pictures as bytes."""

    def __init__(self) -> None:
        self._running = hashlib.sha256()
        self._picture: tuple[bytes, bytes] = (b"", hashlib.sha256().digest())

    def add(self, item: Post | Rejected) -> None:
        if isinstance(item, Rejected):
            fields = [b"rejected", *map(_bytes, (item.source, item.reason, item.detail))]
        else:
            extras = (part for pair in sorted(item.extras.items()) for part in pair)
            fields = [b"post", self._of(item.image), *map(_bytes, (item.key, item.text, *extras))]
        for value in fields:
            self._running.update(len(value).to_bytes(8, "little") + value)
        self._running.update(b"\n")

    def hexdigest(self) -> str:
        """The hash of all inputs so far."""
        return self._running.hexdigest()

    def _of(self, image: bytes) -> bytes:
        """A picture's hash; inputs that follow each other with the same object are hashed once."""
        if image is not self._picture[0]:
            self._picture = (image, hashlib.sha256(image).digest())
        return self._picture[1]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
