"""Options — one spelling of symbols everywhere; options and --set must not contradict."""

import pytest
import rich_click as click
from click.testing import CliRunner

from botmm.cli.options import Span, _latency, load_config
from botmm.errors import UsageError
from botmm.observe.spellings import symbols_option


@click.command()
@click.argument("paths", nargs=-1)
@symbols_option
@click.option("--flag", is_flag=True)
def probe(*, paths: tuple[str, ...], symbols: tuple[str, ...], flag: bool) -> None:
    click.echo(f"{' '.join(symbols)}|{' '.join(paths)}|{flag}")


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["--symbols", "BTC", "ETH", "SOL"], "BTC ETH SOL||False"),
        (["--symbols", "BTC,ETH", "--flag"], "BTC ETH||True"),
        (["--symbols", "BTC, ETH"], "BTC ETH||False"),
        (["--symbol", "BTC", "--symbol", "ETH"], "BTC ETH||False"),
        (["--symbols=BTC,ETH", "SOL"], "BTC ETH SOL||False"),
        (["--symbols", "BTC", "BTC", "ETH"], "BTC ETH||False"),
        (["--symbols", "BTC", "data/x.parquet"], "BTC|data/x.parquet|False"),
        (["data/x.parquet", "--symbols", "BTC", "--flag"], "BTC|data/x.parquet|True"),
        (["--symbols", "BTC", "--", "ETH"], "BTC|ETH|False"),
        ([], "||False"),
    ],
)
def test_symbols(args: list[str], shown: str) -> None:
    result = CliRunner().invoke(probe, args)
    assert result.output.strip() == shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nan", "'nan' is not a finite number"),
        ("inf", "'inf' is not a finite number"),
        ("-1", "not in the range"),
        ("x", "not a valid"),
        ("2.5", ""),
    ],
)
def test_a_number_without_a_place_between_bounds_is_refused(text: str, says: str) -> None:
    @click.command()
    @click.option("--days", type=Span(0.0))
    def bounded(*, days: float) -> None:
        click.echo(days)

    result = CliRunner().invoke(bounded, ["--days", text])
    assert says in result.output
    assert (result.exit_code == 0) == (text == "2.5")


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("300/150", {"sim.latency_model": "constant", "sim.entry_ms": 300, "sim.response_ms": 150}),
        ("20", {"sim.latency_model": "constant", "sim.entry_ms": 20, "sim.response_ms": 20}),
        ("feed", {"sim.latency_model": "feed"}),
        ("file:a.csv", {"sim.latency_model": "file", "sim.latency_file": "a.csv"}),
        (None, {}),
    ],
)
def test_latency(text: str | None, settings: dict[str, object]) -> None:
    assert _latency(text) == settings


def test_other_latencies_are_refused() -> None:
    with pytest.raises(UsageError, match="not a latency"):
        _latency("fast")


def test_an_option_and_set_must_not_contradict() -> None:
    with pytest.raises(UsageError, match="contradicts"):
        load_config([], ["sim.queue=qpn"], {"--queue": {"sim.queue": "pow3:3"}})
    settings = load_config(
        [],
        ["num_levels=1"],
        {"--queue": {"sim.queue": "pow3:3"}, "--seed": {"replay.seed": None}},
    ).settings
    assert (settings.sim.queue, settings.replay.seed) == ("pow3:3", 1)
