"""Sweep course — rows and the best result over the groups of a sweep."""

from botmm.cli.sweep import _Course
from botmm.research.stopping import Stopper


class Bar:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int, str]] = []

    def update(self, fraction: float, count: int, note: str = "") -> None:
        self.seen.append((fraction, count, note))


def test_groups_add_up_and_the_best_is_of_ended_groups_and_the_present_one() -> None:
    bar = Bar()
    course = _Course(bar=bar, stopper=Stopper(), groups=2)
    assert not course.on_chunk(0.5, 100, -1.0)
    course.on_chunk(1.0, 200, -5.0)
    course.end_group()
    course.on_chunk(0.0, 0, None)
    course.on_chunk(0.5, 100, -9.0)
    course.on_chunk(1.0, 200, -2.0)
    assert bar.seen == [
        (0.25, 100, "best −$1.00"),
        (0.5, 200, "best −$5.00"),
        (0.5, 200, "best −$5.00"),
        (0.75, 300, "best −$5.00"),
        (1.0, 400, "best −$2.00"),
    ]
