"""Secrets — where the agent's key comes from; its text is never shown."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from botmm.errors import ConfigError

_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")


class Secret:
    """A text that shows in no message, log or dump."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hide a text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one place that signs or sends with it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never copied or written down")


def agent_key(
    name: str = "BOTMM_AGENT_KEY",
    *,
    environ: Mapping[str, str] | None = None,
    dotenv: Path = Path(".env"),
) -> Secret:
    """Return the key from systemd's credentials, the environment or `.env`, in that order.

    Args:
        name: of the variable; the credential file has the same name in lower case.
        environ: the environment, the process's own when unset.
        dotenv: a file with lines NAME=value that only its owner can read.

    Raises:
        ConfigError: there is none, its file is open to others, or it is not 64 hex digits.
    """
    environ = os.environ if environ is None else environ
    text = secret_text(name, environ=environ, dotenv=dotenv)
    if text is None:
        raise ConfigError(
            f"no key: {name} is nowhere",
            cure=f"put {name}=<64 hex digits> into {dotenv} and `chmod 600 {dotenv}`",
        )
    if _KEY.fullmatch(text) is None:
        raise ConfigError(
            f"{name} is malformed ({len(text)} characters)", cure="give exactly 64 hex digits"
        )
    return Secret(text.removeprefix("0x"))


def secret_text(name: str, *, environ: Mapping[str, str], dotenv: Path) -> str | None:
    """Return a secret's text from where secrets may be; None where there is none."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if folder is not None and (file := Path(folder) / name.lower()).is_file():
        return _private(file, refused=0o037).strip()
    if name in environ:
        return environ[name].strip()
    if not dotenv.is_file():
        return None
    for line in _private(dotenv).splitlines():
        key, found, value = line.strip().removeprefix("export ").partition("=")
        if found and key.strip() == name:
            return value.strip().strip("'\"")
    return None


def _private(path: Path, *, refused: int = 0o077) -> str:
    """Read a file that nobody else may read.

    Args:
        path: the file.
        refused: bits of its mode that must be clear. systemd gives a service its credentials by an
            access list, which shows as group-readable (0440) though the group cannot read them.

    Raises:
        ConfigError: others may, or it is not ours.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(fd, encoding="utf-8") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid not in {os.geteuid(), 0}:
            raise ConfigError(
                f"{path} is not a file of ours", cure=f"chown it and chmod 600 {path}"
            )
        if found.st_mode & refused:
            raise ConfigError(f"{path} is open to other users", cure=f"chmod 600 {path}")
        return file.read()
