"""Members of tar shards that strangers made, in one pass over the stream; nothing is extracted to disk."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Self, cast

from pacl_core.errors import UserError
from pacl_core.media.rejects import UnusableError

# cap on the headers that precede a member (a long name, pax records): tarfile would read any claimed length,
# and before Python 3.11.10 in time quadratic in it
MAX_HEADER = 16 << 10
_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)


@dataclass(frozen=True)
class Member:
    """A regular file in a tar. `read` works until the next member is asked for: it is one stream."""

    name: str
    size: int
    _tar: tarfile.TarFile
    _info: tarfile.TarInfo

    def read(self) -> bytes:
        """The whole content; check `size` first. Raises `UnusableError`: shard_truncated, shard_corrupt."""
        try:
            stream = self._tar.extractfile(self._info)
            data = stream.read() if stream is not None else b""
        except UserError:
            raise
        except Exception as error:
            raise _broken(error) from None
        if len(data) != self.size:
            raise UnusableError("shard_truncated", f"{self.name} ends after {len(data)} of {self.size} bytes")
        return data


def members(stream: IO[bytes]) -> Iterator[Member | tuple[str, UnusableError]]:
    """Every regular file in a tar, compressed or not; for other members the name, and why it is not read.

    Those are rejected as tar_link, tar_special or unsafe_name; folders are skipped. Raises
    `UnusableError` where the rest of the tar cannot be read: shard_truncated (its end is missing),
    shard_corrupt.
    """
    try:
        tar = tarfile.open(  # noqa: SIM115
            fileobj=stream, mode="r|*", tarinfo=_Checked, encoding="utf-8", errors="surrogateescape"
        )
    except UserError:
        raise
    except Exception as error:
        raise _broken(error) from None
    while (info := _next(tar)) is not None:
        tar.members, tar.pax_headers = [], {}  # type: ignore[attr-defined]  # it would keep them all
        if info.isdir():
            continue
        name = info.name.removeprefix("./")
        if info.issym() or info.islnk():
            yield name, UnusableError("tar_link", f"a link to {info.linkname!r}")
        elif info.type not in _FILES or info.issparse():
            yield name, UnusableError("tar_special", "a device, FIFO or sparse file")
        elif name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            yield name, UnusableError("unsafe_name", "leads out of the shard")
        else:
            yield Member(name, info.size, tar, info)


class _Checked(tarfile.TarInfo):
    """Bounds headers and makes damage an error: tarfile itself takes a broken header for the end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise  # two blocks of zeros: the end
        except (tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError):  # type: ignore[attr-defined]
            raise UnusableError("shard_truncated", "ends without the mark of its end") from None
        except tarfile.HeaderError as error:
            raise UnusableError("shard_corrupt", f"{error}") from None

    def _proc_member(self, tarfile_: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0 or (self.type in _HEADERS and self.size > MAX_HEADER):
            raise UnusableError("shard_corrupt", f"a header of {self.size} bytes")
        return cast(tarfile.TarInfo, super()._proc_member(tarfile_))  # type: ignore[misc]


def _next(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return tar.next()
    except (UserError, UnusableError):
        raise
    except Exception as error:  # tarfile, zlib, lzma and bz2 raise whatever broken bytes lead them to
        raise _broken(error) from None


def _broken(error: Exception) -> UnusableError:
    if isinstance(error, UnusableError):
        return error
    message = " ".join(str(error).split()) or type(error).__name__
    cut = isinstance(error, EOFError) or "unexpected end" in message or "end-of-stream" in message
    return UnusableError("shard_truncated" if cut else "shard_corrupt", message)
