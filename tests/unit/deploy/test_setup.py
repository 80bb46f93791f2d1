"""Set-up tests — the script on roots of their own, with package tools that only take notes."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.fakes.servers import AMAZON, DEBIAN, Server, bundle
from tests.fakes.units import UNITS


def made(server: Server, top: Path, **env: str) -> list[str]:
    done = server.set_up(top, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return server.notes()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_bare_debian_becomes_a_server_and_stays_one(tmp_path: Path) -> None:
    server, top = Server(tmp_path, DEBIAN), bundle(tmp_path)
    notes = made(server, top)
    assert any(n.startswith("apt-get install") and "python3-venv" in n for n in notes)
    assert sum(n.startswith("useradd") for n in notes) == 2
    assert "systemctl enable --now botmm-recorder.service botmm-monitor.timer" in notes
    said = subprocess.run([server.current / "venv/bin/botmm"], capture_output=True, text=True)
    assert said.stdout == "botmm of a bundle\n"
    pip = [n for n in notes if n.startswith("pip")]
    assert len(pip) == 2
    assert all("--no-index" in n for n in pip), "nothing comes from the network"
    assert "--require-hashes" in pip[0]
    etc = server.root / "etc"
    installed = {p.name for p in (etc / "systemd/system").iterdir()}
    assert {p.name for p in UNITS.iterdir()} == installed
    assert (etc / "systemd/journald.conf.d/botmm.conf").exists()
    assert mode(etc / "botmm/credentials") == 0o700
    assert {mode(p) for p in (etc / "botmm/credentials").iterdir()} == {0o600}
    assert os.access(server.current / "deploy/monitor.sh", os.X_OK)

    # The second run changes neither what a person wrote nor the release.
    (etc / "botmm/botmm.toml").write_text("# mine\n")
    (etc / "botmm/credentials/botmm_agent_key").write_text("k" * 64)
    release, stamp = server.current, (server.current / ".complete").stat().st_mtime_ns
    again = made(server, top)
    assert (etc / "botmm/botmm.toml").read_text() == "# mine\n"
    assert (etc / "botmm/credentials/botmm_agent_key").read_text() == "k" * 64
    assert (server.current, (release / ".complete").stat().st_mtime_ns) == (release, stamp)
    assert sum(n.startswith("useradd") for n in again) == 2, "the two of the first run"
    for note in (*notes, *again):
        assert not {"botmm-live.service", "botmm-guard.service"} & set(note.split()), note


def test_amazon_linux_gets_its_packages_and_the_bucket_its_timer(tmp_path: Path) -> None:
    server, top = Server(tmp_path, AMAZON), bundle(tmp_path)
    (server.root / "etc/botmm").mkdir()
    (server.root / "etc/botmm/ops.env").write_text("BOTMM_S3_URL=s3://bucket/host\n")
    notes = made(server, top)
    dnf = next(n for n in notes if n.startswith("dnf install"))
    assert {"python3.11", "cronie"} <= set(dnf.split())
    assert not any(n.startswith("apt-get") for n in notes)
    assert "systemctl enable --now botmm-sync.timer" in notes


def test_a_new_bundle_is_a_new_release_beside_the_old(tmp_path: Path) -> None:
    server = Server(tmp_path, DEBIAN)
    made(server, bundle(tmp_path, version="0.1.0"))
    old = server.current
    top = bundle(tmp_path, version="0.2.0")
    done = server.set_up(top, PIP_FAILS="1")
    assert done.returncode != 0
    assert server.current == old, "a release that did not become whole is not used"
    made(server, top)
    assert server.current != old
    assert (old / ".complete").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda top: (top / "requirements-live.txt").write_text("x"), "damaged"),
        (lambda top: (top / "SHA256SUMS").unlink(), "no SHA256SUMS"),
        (lambda top: next((top / "wheelhouse").iterdir()).unlink(), "damaged"),
    ],
)
def test_a_damaged_bundle_changes_nothing(tmp_path: Path, spoil, said: str) -> None:  # type: ignore[no-untyped-def]
    server, top = Server(tmp_path, DEBIAN), bundle(tmp_path)
    spoil(top)
    done = server.set_up(top)
    assert (done.returncode, server.notes()) == (2, [])
    assert said in done.stderr


def test_an_unknown_system_and_a_user_who_is_not_root_are_refused(tmp_path: Path) -> None:
    server, top = Server(tmp_path, "ID=arch\n"), bundle(tmp_path)
    done = server.set_up(top)
    assert (done.returncode, server.notes()) == (2, [])
    assert "neither Debian nor Amazon Linux" in done.stderr
    done = server.set_up(top, SERVER_UID="1000", BOTMM_ROOT="")
    assert (done.returncode, server.notes()) == (2, [])
    assert "sudo" in done.stderr
