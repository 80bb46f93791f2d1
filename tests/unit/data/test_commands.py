"""Data commands — import, ls, check and export from the command line, with their exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from botmm.cli import run
from tests.unit.data import recordings as rec


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return rec.hl_csv(tmp_path / "session", rows=200, hole=100)


def botmm(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    code = run(["data", *map(str, args)])
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *args: str | Path) -> Any:
    code, out, _ = botmm(capsys, *args, "--json")
    assert code == 0
    return json.loads(out)


def test_import_prints_a_table_and_the_gap(
    session: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = botmm(capsys, "import", session, "--store", store)
    assert code == 0
    assert "hyperliquid" in out
    assert "2026-02-12" in out
    assert "gap of 30.5 s" in out
    code, out, err = botmm(capsys, "import", session, "--store", store)
    assert (code, out.strip()) == (0, "nothing new to import")
    assert "already imported" in err


def test_import_as_json(session: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = as_json(capsys, "import", session, "--store", store)
    (tape,) = result["written"]
    assert (tape["symbol"], tape["tier"], len(tape["gaps"])) == ("BTC", "C", 1)
    (row,) = as_json(capsys, "ls", "--store", store)
    assert row["days"] == ["2026-02-12"]
    assert row["rows"] == tape["rows"]
    (report,) = as_json(capsys, "check", "--store", store)
    assert report["shares"]["gap"] > 0
    assert 0 < report["score"] < 100
    assert report["worst"][0]["score"] <= report["score"]


def test_ls_and_check_print_tables(
    session: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    botmm(capsys, "import", session, "--store", store)
    code, out, _ = botmm(capsys, "ls", "--store", store)
    assert code == 0
    assert "BTC" in out
    assert "1 (30 s)" in out or "1 (31 s)" in out
    code, out, _ = botmm(capsys, "check", "--store", store, "--worst", "2")
    assert code == 0
    assert "2026-02-12 10:0" in out


def test_check_tells_what_the_import_counted(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(0, 3, 0, 0.0, 0.0), (0, 4, 1, 100.0, 1.0), (0, 4, -1, 101.0, 1.0)]
    rows += [(step, 2, 1, 101.0, 0.5) for step in (5, 3, 6)]
    events = rec.neutral_rows(tmp_path / "events.parquet", rows)
    botmm(capsys, "import", events, "--symbol", "X", "--venue", "lab", "--store", store)
    code, out, _ = botmm(capsys, "check", "--store", store)
    assert code == 0
    assert "lab/X 2026-02-12  counted on import: receive time backward 1\n" in out
    (report,) = as_json(capsys, "check", "--store", store)
    assert report["defects"] == {"receive_time_backward": 1}


def test_check_below_the_limit_exits_with_7(
    session: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    botmm(capsys, "import", session, "--store", store)
    code, _, err = botmm(capsys, "check", "--store", store, "--min-score", "99.9")
    assert code == 7
    assert "below 99.9" in err
    code, _, _ = botmm(capsys, "check", "--store", store, "--min-score", "1")
    assert code == 0


@pytest.mark.parametrize("kind", ["csv", "parquet", "native", "hft"])
def test_export_writes_and_does_not_overwrite(
    kind: str, session: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    botmm(capsys, "import", session, "--store", store)
    target = tmp_path / "out" / "file"
    args = ("export", "--store", store, "--symbol", "BTC", "--format", kind, "--out", target)
    code, out, _ = botmm(capsys, *args)
    assert code == 0
    assert "rows" in out
    assert target.stat().st_size > 0
    code, _, err = botmm(capsys, *args)
    assert code == 2
    assert "--force" in err
    assert botmm(capsys, *args, "--force")[0] == 0


def test_errors_have_exit_codes_and_no_traceback(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    for args, wanted in (
        (("import",), 2),
        (("import", tmp_path / "missing"), 3),
        (("import", bad, "--store", store), 3),
        (("import", bad, "--format", "nonsense", "--store", store), 2),
        (("check", "--store", store), 3),
        (("export", "--store", store, "--format", "csv", "--out", tmp_path / "x"), 3),
    ):
        code, out, err = botmm(capsys, *args)
        assert code == wanted, args
        assert out == ""
        assert err.startswith("error:")
        assert "Traceback" not in err
    code, out, _ = botmm(capsys, "ls", "--store", store)
    assert code == 0
    assert "no tapes" in out


def test_a_folder_is_imported_but_for_what_is_damaged_or_unknown(
    session: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (session / "a.json").write_text('{"note": "not market data"}\n')
    (session / "broken.csv.gz").write_bytes(b"\x1f\x8b damaged")
    code, out, err = botmm(capsys, "import", session, "--store", store)
    assert code == 3
    assert "BTC" in out
    assert f"{session}/a.json: not a format we know" in err
    assert f"error: not imported: {session}/broken.csv.gz: " in err
    (session / "worse.parquet").write_bytes(b"\x00")
    code, _, err = botmm(capsys, "import", session, "--store", store)
    assert code == 3
    for name in ("broken.csv.gz", "worse.parquet"):
        assert f"error: not imported: {session}/{name}: " in err
    assert "2 files or symbols were not imported; the others were" in err


def test_formats_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = botmm(capsys, "import", "--formats")
    assert code == 0
    for name in ("hl_ws_raw", "hl_archive", "binance_ws_raw", "tardis", "neutral", "standx_l2"):
        assert name in out
