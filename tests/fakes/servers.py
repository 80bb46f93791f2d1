"""Servers — a bundle, and a root on which set-up works with package tools that only take notes."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
AMAZON = 'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n'
NOTES = '#!/bin/sh\necho "$(basename "$0") $*" >>"$SERVER_NOTES"\n'
# Making an environment takes ten seconds; what pip is asked is noted instead, and answered as told.
PYTHON = f"""#!/bin/bash
[ "$2" = venv ] || exec {sys.executable} "$@"
mkdir -p "$3/bin"
cat >"$3/bin/python" <<'END'
#!/bin/bash
echo "pip $*" >>"$SERVER_NOTES"
[ -z "${{PIP_FAILS:-}}" ] || {{ echo "hashes do not match" >&2; exit 1; }}
printf '#!/bin/sh\\necho botmm of a bundle\\n' >"$(dirname "$0")/botmm"
chmod +x "$(dirname "$0")/botmm"
END
chmod +x "$3/bin/python"
"""
STUBS = {
    "apt-get": NOTES,
    "dnf": NOTES,
    "useradd": NOTES,
    "systemctl": NOTES,
    "python3": PYTHON,
    "python3.11": PYTHON,
    # A user is there once it was made; we are who the test says.
    "id": '#!/bin/sh\n[ $# = 1 ] && echo "${SERVER_UID:-0}" || grep -q "^useradd.* $2$" "$SERVER_NOTES"\n',
    # Its owners do not exist here.
    "install": """#!/bin/bash
kept=()
while [ $# -gt 0 ]; do case $1 in -o | -g) shift 2 ;; *) kept+=("$1"); shift ;; esac; done
exec /usr/bin/install "${kept[@]}"
""",
}


def bundle(folder: Path, *, version: str = "0.1.0") -> Path:
    """Write a bundle as deploy/bundle.sh does, with a small package for the real one."""
    top = folder / f"botmm-{version}"
    (top / "wheelhouse").mkdir(parents=True)
    (top / f"botmm-{version}-cp311-abi3-any.whl").write_text("wheel")
    (top / "wheelhouse" / "needed-1.0-py3-none-any.whl").write_text("wheel")
    (top / "requirements-live.txt").write_text(f"needed==1.0 --hash=sha256:{'0' * 64}\n")
    shutil.copytree(ROOT / "deploy", top / "deploy")
    (top / "docs").mkdir()
    sign(top)
    return top


def sign(top: Path) -> None:
    """Write the sums of a bundle's files."""
    files = sorted(p for p in top.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  ./{p.relative_to(top)}\n" for p in files
    ]
    (top / "SHA256SUMS").write_text("".join(lines))


@dataclass
class Server:
    """A root folder with an operating system's name, and notes of what was asked of its tools."""

    folder: Path
    release: str

    def __post_init__(self) -> None:
        self.root, self.notes_file = self.folder / "root", self.folder / "notes"
        (self.root / "etc").mkdir(parents=True)
        (self.root / "etc" / "os-release").write_text(self.release)
        self.notes_file.touch()
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for name, text in STUBS.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def set_up(self, top: Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Run set-up from a bundle."""
        ours = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "BOTMM_ROOT": str(self.root),
            "SERVER_NOTES": str(self.notes_file),
        }
        return subprocess.run(
            [str(top / "deploy" / "setup_ec2.sh")],
            capture_output=True,
            text=True,
            env={**os.environ, **ours, **env},
            timeout=120,
        )

    def notes(self) -> list[str]:
        """Return what was asked of the system's tools, and forget it."""
        text = self.notes_file.read_text().splitlines()
        self.notes_file.write_text("".join(f"{n}\n" for n in text if n.startswith("useradd")))
        return text

    @property
    def current(self) -> Path:
        """The release that units start."""
        link = (self.root / "opt" / "botmm" / "current").readlink()
        return self.root / link.relative_to("/")
