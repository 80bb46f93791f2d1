"""Stopping — the first signal ends the run between chunks, the second at once."""

import signal

import pytest

from botmm.errors import StoppedError
from botmm.research.stopping import Stopper


class Bar:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []

    def update(self, fraction: float, count: int) -> None:
        self.seen.append((fraction, count))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_after_the_chunk(number: signal.Signals, code: int) -> None:
    bar = Bar()
    before = signal.getsignal(number)
    with Stopper() as stopper:
        on_chunk = stopper.watching(bar)
        assert on_chunk(0.1, 10) is False
        signal.raise_signal(number)
        assert on_chunk(0.2, 20) is True
        assert stopper.exit_code == code
        with pytest.raises(StoppedError) as caught:
            signal.raise_signal(number)
        assert caught.value.exit_code == code
    assert bar.seen == [(0.1, 10), (0.2, 20)]
    assert signal.getsignal(number) is before
