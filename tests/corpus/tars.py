"""Tar shards for tests: sound ones, and ones that nobody should trust."""

import io
import tarfile
from pathlib import Path

from PIL import Image


def jpeg(shade: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (24, 20), (shade % 256, 80, 160)).save(stream, "JPEG")
    return stream.getvalue()


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar(*members: tuple[tarfile.TarInfo, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of (header, data)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def shard(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tar(*members, mode=mode))
    return path


def blocks(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Members as they stand in a tar, without its end."""
    return b"".join(
        info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % tarfile.BLOCKSIZE)
        for info, data in members
    )
