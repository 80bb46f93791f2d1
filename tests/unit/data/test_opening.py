"""Opening — compressed files read as plain bytes; cut or damaged ones are refused by name."""

import gzip
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import lz4.frame
import pytest

from botmm.data.importers.opening import Opened, lines
from botmm.errors import DataError
from tests.unit.data.recordings import zipped, zstd_frames


def lz4_frame(data: bytes) -> bytes:
    """Compress as the command-line tools do: with a checksum of the content."""
    return bytes(lz4.frame.compress(data, content_checksum=True))


TEXT = b"".join(
    b"line %d of the recording, not always alike %d\n" % (i, i * i) for i in range(4000)
)
KINDS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd_frames,
    "lz4": lambda data: lz4_frame(data[:1000]) + lz4_frame(data[1000:]),
    "zip": zipped,
}


def read(path: Path) -> bytes:
    with Opened(path) as opened:
        return b"".join(lines(opened, 5000))


@pytest.mark.parametrize("kind", [*KINDS, "plain"])
def test_every_compression_reads_as_plain_bytes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(KINDS.get(kind, bytes)(TEXT))
    assert read(path) == TEXT


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_truncated_file_is_refused_by_name(tmp_path: Path, kind: str, share: float) -> None:
    whole = KINDS[kind](TEXT)
    path = tmp_path / "cut"
    path.write_bytes(whole[: max(int(len(whole) * share), 9)])
    with pytest.raises(DataError, match="cut: truncated or corrupt") as caught:
        read(path)
    assert caught.value.cure


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_flipped_bytes_never_read_as_other_bytes(tmp_path: Path, kind: str, share: float) -> None:
    whole = bytearray(KINDS[kind](TEXT))
    at = int(len(whole) * share)
    whole[at] ^= 0xFF
    path = tmp_path / "flipped"
    path.write_bytes(whole)
    with suppress(DataError):
        assert read(path) == TEXT


def test_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    with pytest.raises(DataError, match="empty"):
        read(path)


def test_lines_are_whole_whatever_the_block() -> None:
    class Bytes:
        def __init__(self) -> None:
            self.rest = TEXT

        def read(self, size: int) -> bytes:
            part, self.rest = self.rest[:size], self.rest[size:]
            return part

    for size in (7, 64, 1000, len(TEXT)):
        blocks = list(lines(Bytes(), size))  # type: ignore[arg-type]
        assert b"".join(blocks) == TEXT
        assert all(block.endswith(b"\n") for block in blocks)
