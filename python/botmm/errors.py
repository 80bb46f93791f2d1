"""Errors — the exception tree; every class knows its exit code and carries its cure."""

from __future__ import annotations


class BotmmError(Exception):
    """Something the user can act on: what happened, why, and what to do."""

    exit_code = 1

    def __init__(self, message: str, *, cure: str = "") -> None:
        """Keep the cure beside the message, so that the terminal can set it apart."""
        super().__init__(message)
        self.message = message
        self.cure = cure


class UsageError(BotmmError):
    """Options or arguments that do not fit together."""

    exit_code = 2


class ConfigError(BotmmError):
    """A configuration value that is unknown, out of range or implausible."""

    exit_code = 2


class DataError(BotmmError):
    """Market data that is missing, corrupt or below quality."""

    exit_code = 3


class VenueError(BotmmError):
    """The venue or the network cannot be reached."""

    exit_code = 4


class RiskStopError(BotmmError):
    """A risk breaker stopped the run."""

    exit_code = 5


class StrategyError(BotmmError):
    """A strategy in Python raised an error or wants quotes that cannot be."""

    exit_code = 8


class ReconcileError(BotmmError):
    """Own records and the venue's (or two own records) disagree."""

    exit_code = 6


class CheckError(BotmmError):
    """A check failed: doctor, validate, verify, compare."""

    exit_code = 7


class FileSystemError(BotmmError):
    """A file or folder that cannot be read or written."""


class CoreMissingError(BotmmError):
    """The compiled module is not there or does not load."""


class StoppedError(BotmmError):
    """The user or the system asked the run to end."""

    def __init__(self, message: str, *, exit_code: int, cure: str = "") -> None:
        """Take the exit code of the signal: 130 interrupted, 143 terminated."""
        super().__init__(message, cure=cure)
        self.exit_code = exit_code


def from_system(error: OSError) -> FileSystemError:
    """Return the error of this package for one of the file system."""
    where = f"{error.filename}: " if error.filename is not None else ""
    return FileSystemError(
        f"{where}{error.strerror or error}",
        cure="check the path, its permissions and the free space",
    )


# Classes of the compiled module, by name so that this module stays at the bottom of the layers.
_FROM_CORE: dict[str, type[BotmmError]] = {
    "ArgumentError": UsageError,
    "DecimalError": DataError,
    "GapError": DataError,
    "ModelError": DataError,
    "NotionalOverflowError": DataError,
    "OnStepError": StrategyError,
    "OrderStateError": ReconcileError,
    "PayloadError": DataError,
    "TapeError": DataError,
    "UnsupportedError": DataError,
}


def innermost(error: BaseException) -> BaseException:
    """Return what is at the bottom of a group of errors, the first of each."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def from_any(error: Exception) -> BotmmError:
    """Return the error of this package for any that reached the top of a process."""
    first = innermost(error)
    if isinstance(first, BotmmError):
        return first
    if isinstance(first, OSError):
        return from_system(first)
    what = f"unexpected {type(first).__name__}: {first}"
    cure = "please report it, with the output of --verbose where the command has that"
    return from_core(first) or BotmmError(what, cure=cure)


def from_core(error: BaseException) -> BotmmError | None:
    """Return the error of this package for one of the compiled module; None for any other."""
    kind = _FROM_CORE.get(type(error).__name__)
    if kind is UsageError and str(error).startswith("range:"):
        kind = DataError
    if kind is None or type(error).__module__ not in {"_core", "botmm._core"}:
        return None
    return kind(str(error), cure=_CURES.get(type(error).__name__, ""))


_CURES = {
    "GapError": "pass --bridge-gaps to replay over it (the report lists it), or choose other days",
    "ModelError": "export the model again, for the features of this version",
    "TapeError": "check the file with `botmm data check`, or import it again",
    "UnsupportedError": "choose a linear perpetual; inverse contracts are for looking at only",
}
