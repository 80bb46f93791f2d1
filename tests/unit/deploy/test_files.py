"""File tests — scripts are clean and hand over, and dashboards name what exists."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from botmm.config import Settings, load
from botmm.observe.metrics import Metrics
from botmm.record.metrics import Metrics as RecorderMetrics
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
SCRIPTS = sorted([*DEPLOY.glob("*.sh"), *(ROOT / "scripts").glob("*.sh"), ROOT / ".ci" / "run"])
ONE_LINE = ("monitor.sh", "sync_to_s3.sh")
METRIC = re.compile(r"\bbotmm_[a-z_]+")
SECRET = re.compile(
    r"\b0x[0-9a-fA-F]{40,}\b|\b[0-9a-fA-F]{64}\b|AKIA[A-Z0-9]{16}|\bi-[0-9a-f]{8,17}\b"
    r"|\b(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}\b|https://(?:discord|hooks)\S+"
)

clean = pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not here")


def shellcheck(*paths: Path) -> str:
    """Return what shellcheck has against scripts."""
    return subprocess.run(["shellcheck", *paths], capture_output=True, text=True).stdout


@clean
def test_scripts_are_clean(tmp_path: Path) -> None:
    assert len(SCRIPTS) > 6
    assert shellcheck(*SCRIPTS) == ""
    planted = tmp_path / "planted.sh"
    planted.write_text("#!/usr/bin/env bash\nrm -rf $1/*\n")
    assert "SC2086" in shellcheck(planted)


@pytest.mark.parametrize("name", ONE_LINE)
def test_scripts_that_timers_call_hand_over(name: str) -> None:
    lines = (DEPLOY / name).read_text().splitlines()
    code = [line for line in lines if line and not line.startswith("#")]
    assert len(code) == 2
    assert code[0] == "set -euo pipefail"
    assert re.fullmatch(
        r'exec "\$\{BOTMM:-/opt/botmm/current/venv/bin/botmm\}" ops \w+ "\$@"', code[1]
    )


def exposed_metrics() -> set[str]:
    """Return every name that a scrape of daemon and recorder can show."""
    registries = (Metrics().registry, RecorderMetrics().registry)
    names = set()
    for registry in registries:
        for family in registry.collect():
            ending = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
            names |= {family.name + end for end in ending.get(family.type, [""])}
    return names


def test_the_dashboard_shows_every_metric_and_none_that_is_not_there() -> None:
    board = json.loads((DEPLOY / "etc" / "grafana.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 10
    shown, there = {name for query in queries for name in METRIC.findall(query)}, exposed_metrics()
    assert shown <= there, f"panels of metrics that do not exist: {sorted(shown - there)}"
    needless = {"botmm_decision_seconds_sum", "botmm_decision_seconds_count"}
    needless |= {f"botmm_recorder_{n}" for n in ("records", "written_bytes", "pending_bytes")}
    needless |= {"botmm_recorder_stream_frames"}
    assert there - shown == needless, "a metric without a panel"


def test_the_scrape_example_asks_where_something_answers() -> None:
    asked = set(
        re.findall(
            r'targets: \["127\.0\.0\.1:(\d+)"\]', (DEPLOY / "etc/prometheus.yml").read_text()
        )
    )
    unit = (DEPLOY / "units" / "botmm-recorder.service").read_text()
    recorder = re.findall(r"--metrics-port (\d+)", unit)
    assert asked == {str(Settings().live.metrics_port), *recorder}
    assert len(asked) == 2


READ = re.compile(r"\bBOTMM(?:_[A-Z0-9]+)+\b")
SET = re.compile(r"^#?(BOTMM[A-Z0-9_]*)=", re.MULTILINE)
IN_PASSING = {"BOTMM_TEST_CHROOT", "BOTMM_TEST_TIER", "BOTMM_TEST_DATA"}


def test_the_example_of_an_environment_names_all_that_is_read_and_nothing_else() -> None:
    named = set(SET.findall((DEPLOY / ".env.example").read_text()))
    sources = [
        *(ROOT / "python").rglob("*.py"),
        *(DEPLOY / "units").rglob("*"),
        *DEPLOY.glob("*.sh"),
    ]
    read = {name for p in sources if p.is_file() for name in READ.findall(p.read_text())}
    assert read - IN_PASSING == {name for name in named if "__" not in name} - {"BOTMM"}
    assert "BOTMM__STORE__DIR" in named
    assert load(environ={"BOTMM__STORE__DIR": "there"}).settings.store.dir == "there"
    for path in (DEPLOY / "etc").glob("*.env"):
        assert set(SET.findall(path.read_text())) <= named, path.name


def test_nothing_names_a_real_server_key_or_account() -> None:
    paths = [p for p in DEPLOY.rglob("*") if p.is_file()] + [ROOT / "docs" / "STATUS.md"]
    found = {p.name: SECRET.findall(p.read_text()) for p in paths}
    assert len(found) > 20
    assert {name: hits for name, hits in found.items() if hits} == {}
    for planted in (
        "0x" + "ab" * 20,
        "c" * 64,
        "10.1.2.3",
        "i-0123456789abcdef0",
        "AKIA" + "A" * 16,
    ):
        assert SECRET.search(planted)
