"""Opening — files of any compression as plain bytes, told apart by content.

A file that ends early or does not inflate is a named error, never a shorter file.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from botmm.data.importers.base import UnknownFormatError
from botmm.errors import DataError

if TYPE_CHECKING:
    from types import TracebackType

BLOCK = 4 << 20

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_LZ4 = b"\x04\x22\x4d\x18"
_ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"

# Endings of names, and how such files begin.
_PROMISED = {
    ".gz": _GZIP,
    ".zst": _ZSTD,
    ".lz4": _LZ4,
    ".zip": _ZIP,
    ".parquet": PARQUET,
}

# What the libraries raise over damaged bytes, each in its own way.
_DAMAGE = (
    EOFError,
    LZMAError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_CURE = "fetch or copy the file again; a recording that is still being written is not complete"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def magic(path: Path) -> bytes:
    """Return the first bytes of a file.

    Raises:
        DataError: the file cannot be read, or is empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if not head:
        raise DataError(f"{path}: the file is empty", cure=_CURE)
    return head


def check_promise(path: Path) -> None:
    """Refuse a file whose name promises another beginning than it has.

    Raises:
        DataError: it does; the beginning is damaged.
    """
    wanted, head = _PROMISED.get(path.suffix.lower()), magic(path)
    if wanted is not None and not head.startswith(wanted):
        raise DataError(
            f"{path}: damaged: a {path.suffix.lower()} file begins with {wanted.hex(' ')}, this one "
            f"with {head[: len(wanted)].hex(' ')}",
            cure=_CURE,
        )


@contextmanager
def reading_parquet(path: Path) -> Iterator[None]:
    """Name the file where reading it as Parquet fails.

    Raises:
        DataError: truncated or corrupt.
    """
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: truncated or corrupt Parquet: {error}", cure=_CURE) from None


class Opened(io.RawIOBase):
    """Plain bytes of a file, inflated where it is compressed.

    Raises `DataError` from `read` where the file is truncated or corrupt.
    """

    def __init__(self, path: Path) -> None:
        """Open by content: gzip, zstd, LZ4 frames, a zip of one member, or plain."""
        super().__init__()
        self.path = path
        head = magic(path)
        self._file = path.open("rb")
        self._inner = self._open(head)

    def _open(self, head: bytes) -> IO[bytes]:
        if head.startswith(_GZIP):
            return cast("IO[bytes]", gzip.GzipFile(fileobj=self._file))
        if head.startswith(_ZSTD):
            return cast("IO[bytes]", io.BufferedReader(_Zstd(self._file), BLOCK))
        if head.startswith(_LZ4):
            import lz4.frame

            return cast("IO[bytes]", lz4.frame.LZ4FrameFile(self._file))
        if head.startswith(_ZIP):
            return self._open_zip()
        return self._file

    def _open_zip(self) -> IO[bytes]:
        try:
            archive = zipfile.ZipFile(self._file)
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) == 1:
                return archive.open(names[0])
        except _DAMAGE as error:
            raise DataError(f"{self.path}: truncated or corrupt zip: {error}", cure=_CURE) from None
        raise UnknownFormatError(
            f"{self.path}: a zip of {len(names)} files, expected 1",
            cure="unpack it and import the folder",
        )

    @property
    def position(self) -> int:
        """Compressed bytes read so far."""
        return self._file.tell()

    def readable(self) -> bool:
        """Return true."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` plain bytes.

        Raises:
            DataError: truncated or corrupt.
        """
        try:
            return self._inner.read(size)
        except DataError:
            raise
        except _DAMAGE as error:
            raise DataError(
                f"{self.path}: truncated or corrupt near byte {self.position:,}: {error}",
                cure=_CURE,
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def __enter__(self) -> Opened:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()


class _Zstd(io.RawIOBase):
    """Zstd frames, one after the other, that must end where the file ends."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        import zstandard

        self._error = zstandard.ZstdError
        self._new = zstandard.ZstdDecompressor().decompressobj
        self._file, self._object = file, self._new()
        self._rest, self._started = b"", False

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Inflate into a buffer.

        Raises:
            EOFError: the last frame has no end.
            OSError: a frame is damaged.
        """
        while not self._rest:
            if self._object.eof:
                unused = self._object.unused_data
                self._object, self._started = self._new(), False
            else:
                unused = b""
            data = unused or self._file.read(BLOCK >> 4)
            if not data:
                if self._started:
                    raise EOFError("the zstd frame has no end")
                return 0
            self._started = True
            try:
                self._rest = self._object.decompress(data)
            except self._error as error:
                raise OSError(str(error)) from None
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def lines(opened: Opened, size: int = BLOCK) -> Iterator[bytes]:
    """Yield blocks of whole lines of about `size` bytes."""
    rest = b""
    while data := opened.read(size):
        cut = data.rfind(b"\n") + 1
        if cut == 0:
            rest += data
            continue
        yield rest + data[:cut]
        rest = data[cut:]
    if rest.strip():
        yield rest
