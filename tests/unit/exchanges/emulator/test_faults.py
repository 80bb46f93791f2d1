"""Faults — what strikes when: counts, chances, subjects, times, and plans in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from botmm.errors import UsageError
from botmm.exchanges.emulator.faults import REQUEST_KINDS, Fault, FaultPlan, Faults, read_plan
from botmm.units import SECOND_NS


def faults(*rules: Fault, seed: int = 1) -> Faults:
    return Faults(FaultPlan(seed=seed, fault=rules), start=0)


def test_a_count_runs_out() -> None:
    there = faults(Fault(kind="lose_reply", count=2))
    drawn = [there.draw(REQUEST_KINDS, "order", 0) is not None for _ in range(4)]
    assert drawn == [True, True, False, False]
    assert there.struck == {"lose_reply": 2}


def test_it_strikes_its_subject_and_way_alone() -> None:
    there = faults(Fault(kind="status", only="cancel", way="ws"))
    assert there.draw(REQUEST_KINDS, "order", 0, "ws") is None
    assert there.draw(REQUEST_KINDS, "cancel", 0, "rest") is None
    assert there.draw(("mute",), "cancel", 0, "ws") is None
    assert there.draw(REQUEST_KINDS, "cancel", 0, "ws") is not None


def test_it_strikes_between_its_times() -> None:
    there = faults(Fault(kind="lose_reply", after_s=1, until_s=2))
    at = [there.draw(REQUEST_KINDS, "order", s * SECOND_NS // 2) is not None for s in range(6)]
    assert at == [False, False, True, True, False, False]


def test_chance_is_the_seeds() -> None:
    def row(seed: int) -> list[bool]:
        there = faults(Fault(kind="lose_reply", probability=0.5), seed=seed)
        return [there.draw(REQUEST_KINDS, "order", 0) is not None for _ in range(200)]

    assert row(1) == row(1)
    assert row(1) != row(2)
    assert 70 < sum(row(1)) < 130


def test_clearing_ends_rules_and_keeps_planned_events() -> None:
    plan = FaultPlan.model_validate(
        {
            "fault": [{"kind": "mute"}],
            "event": [{"at_s": 2, "do": "clear"}, {"at_s": 1, "do": "freeze", "seconds": 3}],
        }
    )
    there = Faults(plan, start=10 * SECOND_NS)
    there.clear()
    assert there.draw(("mute",), "l2Book", 0) is None
    assert there.due(10 * SECOND_NS) == []
    assert there.due(11 * SECOND_NS) == [{"do": "freeze", "seconds": 3}]
    assert there.due(20 * SECOND_NS) == [{"do": "clear"}]
    assert there.due(20 * SECOND_NS) == []


def test_a_plan_is_read_and_a_wrong_one_named(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('seed = 7\n[[fault]]\nkind = "lose_reply"\nprobability = 0.02\n')
    assert read_plan(path).fault[0].probability == 0.02
    for text, words in (
        ("seed = ", "no TOML"),
        ('[[fault]]\nkind = "explode"\n', r"fault\.0\.kind"),
        ('[[fault]]\nkind = "mute"\nprobability = 2\n', r"fault\.0\.probability"),
        ("surprise = 1\n", "surprise"),
        ('[[event]]\ndo = "freeze"\n', r"event\.0\.at_s"),
    ):
        path.write_text(text)
        with pytest.raises(UsageError, match=words):
            read_plan(path)
