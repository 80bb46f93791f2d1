"""Unit tests — systemd takes our units as they are, sandboxed, and what they start exists."""

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from botmm.cli import _ROOT
from botmm.errors import (
    ConfigError,
    FileSystemError,
    ReconcileError,
    RiskStopError,
    VenueError,
)
from tests.fakes.units import UNITS, exposed, root_with_units, services, verify

EXPOSURE_MAX = 15  # tenths
DAEMONS = ["botmm-recorder.service", "botmm-live.service", "botmm-guard.service"]

systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here"
)


def settings(name: str) -> dict[str, dict[str, str]]:
    """Return a unit's sections; of a repeated setting the last value."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    assert parser.read(UNITS / name)
    return {section: dict(parser[section]) for section in parser.sections()}


@systemd
def test_systemd_has_nothing_against_the_units(tmp_path: Path) -> None:
    root_with_units(tmp_path)
    timers = [path.name for path in UNITS.glob("*.timer")]
    assert len(services()) == 8
    assert len(timers) == 4
    assert verify(tmp_path, *services(), *timers) == ""


@systemd
@pytest.mark.parametrize(
    "planted", ["Restrat=always", "RestartSec=soon", "ExecStartPre=/nowhere/x"]
)
def test_a_planted_mistake_in_a_unit_is_found(tmp_path: Path, planted: str) -> None:
    etc = root_with_units(tmp_path)
    unit = etc / "botmm-live.service"
    unit.write_text(unit.read_text().replace("[Service]\n", f"[Service]\n{planted}\n"))
    assert verify(tmp_path, "botmm-live.service") != ""


@systemd
@pytest.mark.parametrize("name", services())
def test_no_service_is_more_exposed_than_allowed(tmp_path: Path, name: str) -> None:
    root_with_units(tmp_path)
    assert exposed(tmp_path, name, threshold=EXPOSURE_MAX) == ""


@systemd
def test_a_service_without_its_hardening_is_found(tmp_path: Path) -> None:
    etc = root_with_units(tmp_path)
    shutil.rmtree(etc / "botmm-.service.d")
    assert "UNSAFE" in exposed(tmp_path, "botmm-live.service", threshold=EXPOSURE_MAX)


@pytest.mark.parametrize("name", DAEMONS)
def test_daemons_stay_down_where_a_start_changes_nothing(name: str) -> None:
    unit = settings(name)
    codes = sorted(one.exit_code for one in (ConfigError, RiskStopError, ReconcileError))
    signals = ["SIGUSR1"] if name == "botmm-live.service" else []
    assert unit["Service"]["RestartPreventExitStatus"].split() == [*map(str, codes), *signals]
    # What another start may mend: the venue, the disk, what nobody foresaw.
    assert not {VenueError.exit_code, FileSystemError.exit_code} & set(codes)
    assert unit["Service"]["Restart"] in {"always", "on-failure"}
    assert int(unit["Unit"]["StartLimitBurst"]) <= 10
    assert int(unit["Unit"]["StartLimitIntervalSec"].removesuffix("s")) >= 60
    assert "MemoryMax" in unit["Service"]


MANY = {"Environment", "SystemCallFilter", "LoadCredential"}  # these add up


def contradictions(name: str) -> set[str]:
    """Return what a unit sets in vain: a drop-in comes after the unit and wins."""
    hardened = settings("botmm-.service.d/hardening.conf")
    return {
        key
        for section, keys in settings(name).items()
        for key in keys
        if key in hardened.get(section, {}) and key not in MANY
    }


def test_no_unit_sets_what_the_hardening_sets(tmp_path: Path) -> None:
    names = [path.name for path in UNITS.glob("*.service")]
    assert {name: found for name in names if (found := contradictions(name))} == {}
    planted = tmp_path / "planted.service"
    planted.write_text("[Service]\nUMask=0022\n")
    assert contradictions(str(planted)) == {"UMask"}


def test_the_end_of_every_unit_is_told_but_of_the_one_that_tells() -> None:
    silent = {
        p.name for p in UNITS.glob("*.service") if "OnFailure" not in settings(p.name)["Unit"]
    }
    assert silent == {"botmm-alert@.service"}


def test_a_crash_loop_of_the_daemon_ends_and_one_of_guard_and_recorder_does_not() -> None:
    def starts(name: str) -> tuple[float, int]:
        """Return how many starts fit into the interval, and how many are allowed."""
        unit = settings(name)
        interval = float(unit["Unit"]["StartLimitIntervalSec"].removesuffix("s"))
        pause = float(unit["Service"]["RestartSec"].removesuffix("s"))
        return interval / pause, int(unit["Unit"]["StartLimitBurst"])

    for name, ends in zip(DAEMONS, (False, True, False), strict=True):
        possible, allowed = starts(name)
        assert (possible > allowed) is ends, name


def test_each_service_sees_only_its_own_secrets() -> None:
    seen = {
        path.name: set(re.findall(r"^LoadCredential=(\w+):", path.read_text(), re.MULTILINE))
        for path in UNITS.glob("*.service")
    }
    keys = {name: secrets - {"botmm_alert_url"} for name, secrets in seen.items()}
    assert {name: found for name, found in keys.items() if found} == {
        "botmm-live.service": {"botmm_agent_key"},
        "botmm-guard.service": {"botmm_guard_key"},
    }


def test_timers_come_at_their_times() -> None:
    at = {path.name: settings(path.name)["Timer"]["OnCalendar"] for path in UNITS.glob("*.timer")}
    assert at == {
        "botmm-monitor.timer": "*:0/5",
        "botmm-sync.timer": "*:20",
        "botmm-reoptimize.timer": "*-*-* 03:00:00 UTC",
        "botmm-supervise.timer": "*-*-* 04:00:00 UTC",
    }


def test_what_set_up_enables_can_run() -> None:
    """The nightly jobs and the recorder come with their commands; then set-up enables the timers."""
    text = (UNITS.parent / "setup_ec2.sh").read_text()
    enabled = set(re.findall(r"botmm-([a-z]+)\.(?:service|timer)", text))
    assert {"recorder", "monitor", "sync"} <= enabled
    for job in ("reoptimize", "supervise"):
        assert (job in enabled) is (job in _ROOT), f"{job}: enable its timer in setup_ec2.sh"


def test_options_of_the_units_exist() -> None:
    """Ask each command that exists for its help; one that is not there yet is not enabled."""
    asked = 0
    for name in services():
        words = settings(name.replace("@test.", "@."))["Service"]["ExecStart"].split()
        if not words[0].endswith("/botmm") or words[1] not in _ROOT:
            continue
        command = [word for word in words[1:3] if word.isalpha()]
        options = {word for word in words if word.startswith("--")}
        code = "from botmm.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *command, "--help"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0
        assert not {o for o in options if o not in done.stdout}
        asked += 1
    assert asked >= 1
