"""Tests of captures — an exact prefix whatever happens to the file, and every damage found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from botmm.clock import SystemClock
from botmm.data.capture.reader import records, scan, segments
from botmm.data.capture.writer import CaptureWriter
from botmm.errors import DataError


def written(folder: Path, count: int, *, boot: int = 1) -> list[bytes]:
    payloads = [f'{{"n":{i},"pad":"{"x" * (i % 50)}"}}'.encode() for i in range(count)]
    with CaptureWriter(folder, SystemClock(), boot=boot) as writer:
        for i, payload in enumerate(payloads):
            writer.append(1 + i % 4, 1_000 + i, payload, conn=i % 3)
            if i % 40 == 0:
                deadline = time.monotonic() + 5
                while writer.written < i and time.monotonic() < deadline:
                    time.sleep(0.005)
    return payloads


def test_what_is_written_is_read_back_in_order(tmp_path: Path) -> None:
    payloads = written(tmp_path, 300)
    back = list(records(tmp_path))
    assert [one.payload for one in back] == payloads
    assert [one.seq for one in back] == list(range(300))
    assert [(one.kind, one.conn, one.recv_ns) for one in back[:3]] == [
        (1, 0, 1000),
        (2, 1, 1001),
        (3, 2, 1002),
    ]
    (path,) = segments(tmp_path)
    assert (path.suffix, scan(path).verdict) == (".seg", "whole")


def test_a_tail_cut_at_any_byte_leaves_an_exact_prefix(tmp_path: Path) -> None:
    payloads = written(tmp_path / "whole", 120)
    (path,) = segments(tmp_path / "whole")
    data = path.read_bytes()
    place = tmp_path / "cut" / "1-0.open"
    place.parent.mkdir()
    counts = set()
    for end in range(len(data) + 1):
        place.write_bytes(data[:end])
        found = scan(place)
        assert found.verdict in ("whole", "open", "torn")
        back = [one.payload for one in records(place.parent)]
        assert back == payloads[: len(back)]
        counts.add(len(back))
    assert len(counts) > 3
    assert max(counts) == 120


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    written(tmp_path, 60)
    (path,) = segments(tmp_path)
    data = path.read_bytes()
    for at in range(0, len(data) * 8, 61):
        hurt = bytearray(data)
        hurt[at // 8] ^= 1 << at % 8
        path.write_bytes(hurt)
        assert scan(path).verdict == "corrupt", f"bit {at}"
    with pytest.raises(DataError, match="at byte"):
        list(records(tmp_path))


CHILD = """
import sys
from pathlib import Path
from botmm.clock import SystemClock
from botmm.data.capture.writer import CaptureWriter
writer = CaptureWriter(Path(sys.argv[1]), SystemClock(), boot=int(sys.argv[2]))
n = 0
while True:
    writer.append(1, n, b"%d" % n)
    n += 1
    if n % 200 == 0:
        print(n, writer.written, flush=True)
        import time; time.sleep(0.001)
"""


def test_a_killed_writer_leaves_what_it_had_flushed(tmp_path: Path) -> None:
    for trial in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / str(trial)), str(trial)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        said = 0
        for line in child.stdout:
            said = int(line.split()[1])
            if said > 2_000 * (trial + 1):
                break
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        back = [one.payload for one in records(tmp_path / str(trial))]
        assert len(back) >= said
        assert back == [b"%d" % i for i in range(len(back))]


def test_a_run_that_comes_back_begins_with_a_gap(tmp_path: Path) -> None:
    written(tmp_path, 10, boot=1)
    written(tmp_path, 10, boot=2)
    first, second = segments(tmp_path)
    assert [gap["cause"] for gap in scan(first).gaps + scan(second).gaps] == [
        "the writer began",
        "the writer began",
    ]


def test_a_disk_that_fails_costs_a_gap_and_not_the_run(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path, SystemClock(), boot=1) as writer:
        os.close(writer._file)
        writer.append(1, 1, b"lost")
        deadline = time.monotonic() + 5
        while writer.failures == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        writer.append(1, 2, b"kept")
    assert writer.failures == 1
    assert [one.payload for one in records(tmp_path)] == [b"kept"]
    assert len(segments(tmp_path)) == 2
    assert any("Bad file" in gap["cause"] for gap in scan(segments(tmp_path)[1]).gaps)
