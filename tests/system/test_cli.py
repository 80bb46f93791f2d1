"""Cli — commands as a user runs them: exit codes, messages, streams, no tracebacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from botmm import __version__

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "",
    "init",
    "doctor",
    "demo",
    "replay",
    "verify",
    "data",
    "data import",
    "data ls",
    "data check",
    "data export",
    "data synth",
    "config",
    "config params",
    "config show",
    "config validate",
)


def botmm(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, with a clean environment."""
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "from botmm.cli import main; main()", *args],
        cwd=cwd,
        env=kept | {"COLUMNS": "100"} | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_level_has_help_with_examples(command: str, flag: str, tmp_path: Path) -> None:
    done = botmm(*command.split(), flag, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Usage: botmm" in done.stdout
    assert "$ botmm" in done.stdout
    assert "--quiet" in done.stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from botmm.cli import run; run(['--help']); run(['replay', '--help']);"
        "heavy = {'numpy', 'pyarrow', 'pydantic', 'plotly', 'pandas', 'botmm._core'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_version(tmp_path: Path) -> None:
    assert botmm("--version", cwd=tmp_path).stdout == f"botmm {__version__}\n"


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ("replya", 2, "Did you mean 'replay'?"),
        ("replay --sybmol BTC", 2, "--symbol"),
        ("replay", 2, "name a symbol or a tape"),
        ("replay --symbol BTC --date 12.2.2026", 2, "write it as 2026-02-12"),
        ("replay --symbol BTC --date 2026-02-12 --days 2", 2, "--date is one day"),
        ("replay --symbol BTC --latency fast", 2, "not a latency"),
        ("replay --symbol BTC --set num_level=2", 2, "num_levels"),
        ("replay --symbol BTC --config none.toml", 2, "none.toml: no such file"),
        ("replay --symbol BTC", 3, "no tape of BTC on hyperliquid"),
        ("replay none.parquet", 3, "none.parquet"),
        ("replay --symbol BTC --queue pow1:0", 2, "--queue: sim.queue = 'pow1:0': not of a form"),
        ("replay --symbol BTC --maker-fee nan", 2, "--maker-fee: sim.maker_fee = nan"),
        ("replay --symbol BTC --queue qpn --set sim.queue=qpn", 2, "contradicts --queue"),
        ("config validate --set sim.entry_ms=-1", 2, "sim.entry_ms"),
        ("config params nonsense", 2, "no parameter has nonsense"),
        ("init --capital nan", 2, "--capital: account.capital_usd = nan"),
        ("data synth --hours nan", 2, "--hours nan: must be between"),
        ("data synth --hours 1e9", 2, "--hours 1e+09: must be between"),
        ("data synth --venue ../x", 2, "--venue '../x': not a venue"),
    ],
)
def test_mistakes_get_a_message_and_their_exit_code(
    args: str, code: int, said: str, tmp_path: Path
) -> None:
    done = botmm(*args.split(), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "args",
    [
        "init --out taken/x.toml",
        "data synth --hours 0.01 --store taken",
        "data synth --hours 0.01 --truth taken/x.parquet",
        "data export data/tape/hyperliquid/BTC/2026-01-05.parquet --format csv --out taken/x.csv",
        "replay data/tape/hyperliquid/BTC/2026-01-05.parquet --out taken/run",
    ],
)
def test_places_that_cannot_be_written_are_named(args: str, tmp_path: Path) -> None:
    assert botmm("data", "synth", "--hours", "0.01", cwd=tmp_path).returncode == 0
    (tmp_path / "taken").write_text("a file, where a folder is wanted")
    done = botmm(*args.split(), cwd=tmp_path)
    assert done.returncode == 1
    assert "taken" in done.stderr
    assert "check the path, its permissions and the free space" in done.stderr
    assert "unexpected" not in done.stderr


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    code = (
        "import os, sys; from botmm.cli import run; read, write = os.pipe(); os.close(read);"
        "os.dup2(write, 1); sys.exit(run(['config', 'show']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_verbose_shows_the_traceback(tmp_path: Path) -> None:
    done = botmm("replay", "none.parquet", "--verbose", cwd=tmp_path)
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "error:" in done.stderr


def test_init_writes_a_file_that_validates_and_is_not_overwritten(tmp_path: Path) -> None:
    assert botmm("init", "--capital", "-5", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "botmm.toml").exists()
    first = botmm("init", "--capital", "2500", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "botmm replay" in first.stdout
    assert botmm("config", "validate", cwd=tmp_path).returncode == 0
    shown = json.loads(botmm("config", "show", "--json", cwd=tmp_path).stdout)
    assert shown["account.capital_usd"] == {"value": 2500.0, "origin": "botmm.toml"}
    again = botmm("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "there already" in again.stderr
    assert botmm("init", "--force", cwd=tmp_path).returncode == 0


def test_config_params_prints_the_table(tmp_path: Path) -> None:
    rows = json.loads(botmm("config", "params", "SKEW", "--json", cwd=tmp_path).stdout)
    skew = next(row for row in rows if row["name"] == "inventory_skew_factor")
    assert (skew["default"], skew["low"], skew["high"], skew["live"]) == (0.3, 0.0, 10.0, True)
    assert all("skew" in f"{row['name']} {row['doc']}".lower() for row in rows)
    assert "inventory_skew_factor" in botmm("config", "params", cwd=tmp_path).stdout


def test_config_show_tells_origins(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("schema_version = 1\n[sim]\nentry_ms = 120\n")
    done = botmm(
        *[
            "config",
            "show",
            "--origin",
            "--config",
            "my.toml",
            "--symbols",
            "SOL",
            "--set",
            "num_levels=3",
        ],
        cwd=tmp_path,
        BOTMM__SIM__QUEUE="pow3:3",
    )
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert lines["sim.entry_ms"] == ["120.0", "my.toml"]
    assert lines["sim.queue"] == ["pow3:3", "environment"]
    assert lines["sim.response_ms"] == ["150.0", "default"]
    assert lines["symbols.SOL.num_levels"] == ["3", "--set"]
    assert lines["symbols.SOL.compound"] == ["false", "preset", "SOL.toml"]


def test_doctor_names_a_cure_for_each_failure(tmp_path: Path) -> None:
    done = botmm("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "`botmm init` writes botmm.toml here" in done.stdout
    assert botmm("init", cwd=tmp_path).returncode == 0
    done = botmm("doctor", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    rows = {row["check"]: row for row in json.loads(done.stdout)}
    assert [row for row in rows.values() if not row["ok"]] == []
    assert rows["config"]["level"] == "ok"
    assert set(rows) >= {"core", "store", "disk", "time", "state", "keys", "alerts", "venue"}
    (tmp_path / "botmm.toml").write_text("schema_version = 1\n[sim]\nentry_sm = 1\n")
    done = botmm("doctor", cwd=tmp_path)
    assert done.returncode == 7
    assert "FAIL config" in done.stdout
    assert "did you mean sim.entry_ms?" in done.stdout


def test_no_colours_in_a_pipe(tmp_path: Path) -> None:
    for args in (["config", "show"], ["--help"], ["--no-color", "doctor"]):
        assert "\x1b[" not in botmm(*args, cwd=tmp_path).stdout


@pytest.mark.parametrize("script", ["backtest/ob_backtester.py", "scripts/run_ob_backtest.py"])
def test_the_documents_names_are_the_same_command(script: str, tmp_path: Path) -> None:
    args = [sys.executable, str(ROOT / script), "--symbol", "BTC", "--date", "2026-02-12"]
    done = subprocess.run(args, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "no tape of BTC on hyperliquid" in done.stderr


@pytest.mark.parametrize(
    "script", ["backtest/ob_backtester.py", "backtest/ob_loader.py", "scripts/run_ob_backtest.py"]
)
def test_outside_of_its_environment_a_script_names_the_cure(script: str, tmp_path: Path) -> None:
    bare = [sys.executable, "-E", "-S", str(ROOT / script)]  # without the installed packages
    done = subprocess.run(bare, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.endswith(f"run: make build && .venv/bin/python {script}")
