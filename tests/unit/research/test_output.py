"""Output — the folder is complete or absent, and equal inputs give equal bytes."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from botmm.errors import UsageError
from botmm.report.analysis import UNRESOLVED
from botmm.research import output
from botmm.research.describe import make_sheet
from botmm.research.plan import Plan, Range
from botmm.research.replay import run
from botmm.research.tables import GROUP_ROWS, Tables, fills_of, rows_of
from tests.fakes.fake_replay import FakeReplay
from tests.fakes.specs import START
from tests.unit.research.test_replay import make_plan


def written(folder: Path, plan: Plan | None = None) -> Path:
    """Write a run whose tape is a file with some bytes."""
    plan = plan or make_plan()
    tape = plan.tapes["BTC"][0]
    tape.path.parent.mkdir(parents=True, exist_ok=True)
    tape.path.write_bytes(b"tape")
    write(folder, plan)
    return folder


def write(folder: Path, plan: Plan) -> None:
    with output.RunFolder(folder, plan) as out:
        done = run(plan, FakeReplay, lambda share, rows: False, keep=out.add)
        out.finish(done, make_sheet(done, []))


@pytest.fixture(autouse=True)
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_folder_holds_what_it_must(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    names = {path.name for path in folder.iterdir()}
    tables = {f"{name}.parquet" for name in ("fills", "orders", "equity", "keyframes")}
    assert names == {"report.html", "summary.json", "manifest.json", "signals.bin"} | tables
    assert [p.name for p in tmp_path.iterdir() if ".tmp-" in p.name] == []
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["schema_version"] == 1
    assert summary["residual"] == 0
    assert summary["net_usd"] == pytest.approx(
        summary["capture_usd"]
        + summary["inventory_usd"]
        - summary["fees_usd"]
        + summary["funding_usd"]
    )
    assert summary["by_symbol"]["BTC"]["markouts_bps"]["buy"].keys() >= {"0.1", "60", "300"}


def test_floats_have_the_decimals_of_their_unit_and_no_tails() -> None:
    tree = {
        "net_usd": 12.340000000000002,
        "net_usd_95": [-26.395396974999976, None],
        "fees_usd": -0.0000000001,
        "markouts_bps": {"buy": {"0.1": [-0.42716528070569953, 1]}},
        "by_day": {"2026-02-12": {"capture_usd": 0.28609549999999997, "net_bps": 0.1 + 0.2}},
        "volume_share": 9.744159259392168e-05,
        "partial": False,
        "answer": "12.340000000000002",
    }
    assert json.dumps(output.rounded(tree, 7)) == json.dumps(
        {
            "net_usd": 12.34,
            "net_usd_95": [-26.395397, None],
            "fees_usd": 0.0,
            "markouts_bps": {"buy": {"0.1": [-0.4272, 1]}},
            "by_day": {"2026-02-12": {"capture_usd": 0.2860955, "net_bps": 0.3}},
            "volume_share": 0.000097442,
            "partial": False,
            "answer": "12.340000000000002",
        }
    )


def test_a_summary_is_rounded_to_half_a_cash_unit(tmp_path: Path) -> None:
    text = (written(tmp_path / "run") / "summary.json").read_text()
    floats: list[str] = []
    json.loads(text, parse_float=lambda number: floats.append(number))
    tails = [number for number in floats if len(number.partition(".")[2]) > 9]
    assert floats
    assert tails == []


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one"), written(tmp_path / "two")
    for name in ("fills.parquet", "orders.parquet", "equity.parquet", "summary.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_fills_keep_integers_and_say_their_scales(tmp_path: Path) -> None:
    table = pq.read_table(written(tmp_path / "run") / "fills.parquet")
    assert str(table.schema.field("px").type) == "int64"
    assert table.column("symbol")[0].as_py() == "BTC"
    assert table.column("markout_5").null_count > 0
    scales = json.loads(table.schema.metadata[b"botmm.scales"])
    assert scales["BTC"] == {"px_decimals": 1, "size_decimals": 5}


def test_rows_are_written_in_groups_of_one_size_however_they_come(tmp_path: Path) -> None:
    count = 2 * GROUP_ROWS + 1_000
    written = []
    for piece in (count, GROUP_ROWS // 2 + 1, 997):
        tables = Tables(tmp_path, make_plan(), f"-{piece}")
        for at in range(0, count, piece):
            ts = np.arange(at, min(at + piece, count))
            tables.add("equity", {"symbol": np.zeros(len(ts), np.uint16), "ts": ts})
        tables.close()
        path = tables.path("equity")
        written.append(path.read_bytes())
        read = pq.ParquetFile(path).metadata
        groups = [read.row_group(i).num_rows for i in range(read.num_row_groups)]
        assert groups == [GROUP_ROWS, GROUP_ROWS, 1_000]
        back = [rows["ts"] for rows in rows_of(path, make_plan())]
        assert np.array_equal(np.concatenate(back), np.arange(count))
    assert written[0] == written[1] == written[2]


def test_fills_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    plan = make_plan()
    fills = run(plan, FakeReplay, lambda share, rows: False).fills
    tables = Tables(tmp_path, plan)
    tables.add("fills", fills)
    tables.close()
    back = fills_of(tables.path("fills"), plan, "BTC")
    assert (fills["markout_5"] == UNRESOLVED).any()
    for name, column in fills.items():
        assert np.array_equal(back[name], column), name
        assert back[name].dtype == column.dtype, name


def test_the_manifest_proves_inputs_and_outputs(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["data"][0]["sha256"] == hashlib.sha256(b"tape").hexdigest()
    assert manifest["seed"] == 1
    assert set(manifest["versions"]) >= {"botmm", "core", "python"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "report.html" in manifest["files"]


def test_an_earlier_run_is_replaced_and_anything_else_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    (folder / "report.html").write_text("an earlier one")
    assert (written(folder) / "report.html").read_text() != "an earlier one"
    (folder / "notes.md").touch()
    with pytest.raises(UsageError, match=r"something else than a run: notes\.md"):
        written(folder)
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").touch()
    with pytest.raises(UsageError, match="something else than a run"):
        written(other)
    assert (other / "thesis.txt").exists()


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):  # the tape is not there, so it has no digest
        write(tmp_path / "run", make_plan())
    assert list(tmp_path.iterdir()) == []


def test_the_same_run_goes_to_the_same_folder() -> None:
    assert output.default_folder(make_plan()) == output.default_folder(make_plan())
    assert output.default_folder(make_plan()) != output.default_folder(make_plan("num_levels=1"))
    assert output.default_folder(make_plan()).name.startswith("BTC_2026-02-12_2026-02-12_")
    nine = START + 9 * 3_600 * 10**9
    asked = [Range(since=START, until=nine), Range(since=nine, until=None)]
    morning, rest = (output.default_folder(replace(make_plan(), range=part)).name for part in asked)
    assert morning.startswith("BTC_2026-02-12_2026-02-12T0900_")
    assert rest.startswith("BTC_2026-02-12T0900_2026-02-12_")
