"""Set-up in a chroot — a real bundle on a real Debian, twice, and a package that was changed.

Opt-in, for it takes minutes and Debian's archive: as root, after `make bundle`, with
`BOTMM_TEST_CHROOT=1 .venv/bin/python -m pytest tests/system/test_setup_chroot.py`.
"""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    not os.environ.get("BOTMM_TEST_CHROOT"), reason="opt-in: set BOTMM_TEST_CHROOT=1"
)
SYSTEMCTL = '#!/bin/sh\necho "systemctl $*"\n'
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def chroot(top: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["chroot", top, "/usr/bin/env", "-i", f"PATH={PATH}", *command],
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a Debian 12 with an unpacked bundle in /bundle and no systemd that runs."""
    top = tmp_path_factory.mktemp("debian")
    subprocess.run(
        ["debootstrap", "--variant=minbase", "bookworm", top], check=True, stdout=subprocess.DEVNULL
    )
    (top / "usr/local/bin/systemctl").write_text(SYSTEMCTL)
    (top / "usr/local/bin/systemctl").chmod(0o755)
    shutil.copy("/etc/resolv.conf", top / "etc")
    newest = max((ROOT / "dist").glob("botmm-*.tar"), key=lambda p: p.stat().st_mtime)
    with tarfile.open(newest) as tar:
        tar.extractall(top, filter="data")
    next(top.glob("botmm-*")).rename(top / "bundle")
    subprocess.run(["mount", "-t", "proc", "proc", top / "proc"], check=True)
    try:
        yield top
    finally:
        subprocess.run(["umount", top / "proc"], check=True)


def test_a_changed_package_is_refused_and_the_real_one_installed_twice(debian: Path) -> None:
    package = next((debian / "bundle/wheelhouse").glob("click-*.whl"))
    whole = package.read_bytes()
    package.write_bytes(whole + b"\n")
    assert "the bundle is damaged" in chroot(debian, "/bundle/deploy/setup_ec2.sh").stderr
    package.write_bytes(whole)
    first = chroot(debian, "/bundle/deploy/setup_ec2.sh")
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-2000:]
    assert "systemctl enable --now botmm-recorder.service" in first.stdout
    assert chroot(debian, "/opt/botmm/current/venv/bin/botmm", "verify", "--help").returncode == 0
    assert (
        chroot(debian, "/opt/botmm/current/venv/bin/python", "-c", "import botocore").returncode
        == 0
    )
    second = chroot(debian, "/bundle/deploy/setup_ec2.sh")
    assert second.returncode == 0
    assert len(list((debian / "opt/botmm/releases").iterdir())) == 1
    assert len(chroot(debian, "getent", "passwd", "botmm-live", "botmm-record").stdout.split()) == 2
