"""Units — the unit files below a root of their own, so that systemd-analyze judges them alone."""

import shutil
import subprocess
from pathlib import Path

from tests.conftest import ROOT

UNITS = ROOT / "deploy" / "units"
SYSTEM = Path("/usr/lib/systemd/system")
TARGETS = """
    basic.target sysinit.target shutdown.target multi-user.target timers.target network.target network-online.target
    time-set.target time-sync.target system.slice -.slice tmp.mount -.mount
""".split()


def services() -> list[str]:
    """Return the names of the services, a template as its instance."""
    return sorted(path.name.replace("@.", "@test.") for path in UNITS.glob("*.service"))


def root_with_units(root: Path) -> Path:
    """Fill a root: our units, the targets they name, and an executable for each command."""
    etc, system = root / "etc" / "systemd" / "system", root / "usr" / "lib" / "systemd" / "system"
    shutil.copytree(UNITS, etc)
    system.mkdir(parents=True)
    for name in TARGETS:
        if (SYSTEM / name).exists():
            shutil.copy(SYSTEM / name, system)
    for name in "venv/bin/botmm venv/bin/botmm-live venv/bin/botmm-guard deploy/monitor.sh deploy/sync_to_s3.sh".split():
        command = root / "opt" / "botmm" / "current" / name
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text("#!/bin/sh\n")
        command.chmod(0o755)
    return etc


def verify(root: Path, *names: str) -> str:
    """Return what systemd has against units; an empty text for nothing."""
    done = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            f"--root={root}",
            "--man=no",
            "--recursive-errors=yes",
            *names,
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stderr + done.stdout + ("" if done.returncode == 0 else f"exit {done.returncode}")


def exposed(root: Path, name: str, *, threshold: int) -> str:
    """Return what leaves a service more exposed than tenths of a point; empty for nothing."""
    done = subprocess.run(
        [
            "systemd-analyze",
            "security",
            f"--root={root}",
            "--offline=true",
            f"--threshold={threshold}",
            "--no-pager",
            name,
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
