"""Strategy — where strategies come from, and how their errors reach the user."""

from pathlib import Path
from typing import Any

import pytest

import botmm
from botmm.errors import StrategyError, UsageError
from botmm.research.strategy import Source, Strategy, load, source
from tests.fakes.markets import write_market
from tests.fakes.strategies import FixedRule, returning

TWO = """
import botmm
from botmm import Strategy

class One(Strategy):
    depth = 3

class Two(Strategy):
    depth = 4
"""


def written(folder: Path, text: str, name: str = "mine.py") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_gives_the_class_that_is_named(tmp_path: Path) -> None:
    file = written(tmp_path, TWO)
    found = load(f"{file}:Two")
    assert (found.name, found.make().depth) == ("Two", 4)
    about = found.about()
    assert (about["name"], about["file"]) == ("Two", file)
    assert len(str(about["sha256"])) == 64
    alone = load(written(tmp_path, TWO.split("class Two")[0], "alone.py"))
    assert alone.name == "One"


@pytest.mark.parametrize(
    ("text", "wanted", "message"),
    [
        (TWO, "", "has 2 strategies: One, Two"),
        (TWO, ":Three", "no strategy Three"),
        ("import botmm", "", "has no strategies"),
    ],
)
def test_a_file_without_the_one_strategy_is_refused(
    tmp_path: Path, text: str, wanted: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        load(written(tmp_path, text) + wanted)


def test_a_file_that_is_not_there_or_does_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.py: no such Python file"):
        load(str(tmp_path / "none.py"))
    with pytest.raises(StrategyError, match=r"cannot be loaded: ZeroDivisionError") as caught:
        load(written(tmp_path, "\n1 / 0\n"))
    assert "line 2" in caught.value.cure
    with pytest.raises(StrategyError, match=r"cannot be loaded: SyntaxError"):
        load(written(tmp_path, "def (:\n", "broken.py"))


def test_a_file_imports_from_its_own_folder(tmp_path: Path) -> None:
    written(tmp_path, "DEPTH = 7\n", "own_numbers_of_a_test.py")
    text = TWO.split("class Two")[0].replace("depth = 3", "from own_numbers_of_a_test import DEPTH")
    assert load(written(tmp_path, text)).name == "One"


def test_classes_functions_and_objects_are_sources() -> None:
    assert source(FixedRule).name == "FixedRule"
    assert source(lambda: FixedRule()).make().depth == 0
    own = FixedRule()
    assert source(own).make() is own
    known = Source("x", FixedRule)
    assert source(known) is known
    wrong: Any = 7
    with pytest.raises(UsageError, match="7 is no strategy"):
        source(wrong)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return write_market(tmp_path, "BTC", 3, streams="full").path


def test_what_makes_no_strategy_is_refused(tape: Path) -> None:
    wrong: Any = dict
    with pytest.raises(UsageError, match=r"dict makes a dict, not a botmm\.Strategy"):
        botmm.replay(tape, wrong)

    class Deep(FixedRule):
        """Asks for more levels than there may be."""

        depth = 5_000

    with pytest.raises(UsageError, match="depth is 5000, not 0 to 1000"):
        botmm.replay(tape, Deep)

    class Unmade(FixedRule):
        """Cannot be made."""

        def __init__(self) -> None:
            raise ValueError("no such model")

    with pytest.raises(StrategyError, match="Unmade cannot be made: ValueError: no such model"):
        botmm.replay(tape, Unmade)


def test_one_object_is_for_one_symbol(tape: Path, tmp_path: Path) -> None:
    other = write_market(tmp_path / "other", "ETH", 3, streams="full").path
    with pytest.raises(UsageError, match="one object for several symbols or runs"):
        botmm.replay([tape, other], FixedRule())
    kept = FixedRule()
    botmm.replay(tape, kept)
    assert kept.symbol == "BTC"


def test_a_replay_by_name_is_a_run_with_columns_and_summary(tape: Path, tmp_path: Path) -> None:
    steps: list[int] = []

    def note(view: Any) -> Any:
        steps.append(view.time)
        return (view.bid, 20), (view.ask, 20)

    out = tmp_path / "run"
    run = botmm.replay(tape, returning(note), step_ms=500, overrides=["order_size_usd=30"], out=out)
    assert {step % 500_000_000 for step in steps} == {0}
    assert (out / "fills.parquet").is_file()
    assert run.plan.settings.params("BTC")["order_size_usd"] == 30
    shipped = botmm.replay(tape, step_ms=500)
    assert shipped.plan.strategy is None
    with pytest.raises(UsageError, match="a plan has its settings"):
        botmm.replay(run.plan, step_ms=500)


def test_errors_of_a_step_come_with_their_line_and_ours_as_they_are(tape: Path) -> None:
    def fail(view: Any) -> Any:
        return {}["key"]

    with pytest.raises(StrategyError, match=r"^step \d+ .* on_step of BTC raised KeyError") as told:
        botmm.replay(tape, returning(fail))
    assert told.value.exit_code == 8
    assert 'return {}["key"]' in told.value.cure
    assert isinstance(told.value.__cause__, KeyError)

    def refuse(view: Any) -> Any:
        raise UsageError("my own words")

    with pytest.raises(UsageError, match="my own words"):
        botmm.replay(tape, returning(refuse))
    with pytest.raises(StrategyError, match="two sides") as told:
        botmm.replay(tape, returning(lambda view: 5))
    assert "docs/YOUR_OWN_STRATEGY.md" in told.value.cure


def test_the_base_class_asks_for_a_step() -> None:
    view: Any = None
    with pytest.raises(NotImplementedError, match="Strategy needs an on_step"):
        Strategy().on_step(view)
