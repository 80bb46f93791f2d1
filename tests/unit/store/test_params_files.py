"""Params files tests — only what the table knows and allows comes in, and never half a file."""

from __future__ import annotations

import json

import pytest

from botmm.config import param_table
from botmm.errors import ConfigError
from botmm.store.params_files import (
    read_allocations,
    read_live_params,
    write_allocations,
    write_live_params,
)

LIVE = next(p for p in param_table().values() if p.live and type(p.default) is float and p.low > 0)
FIXED = next(p for p in param_table().values() if not p.live)


def test_what_was_written_is_read_and_has_the_same_digest(tmp_path):
    path = tmp_path / "live_params.json"
    made = write_live_params(path, {"BTC": {LIVE.name: LIVE.default}})
    assert read_live_params(path) == made
    shares = write_allocations(tmp_path / "allocations.json", {"BTC": 0.6, "ETH": 0.4})
    assert read_allocations(tmp_path / "allocations.json") == shares
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({LIVE.name: LIVE.high * 10 + 1}, "between"),
        ({LIVE.name: True}, "number"),
        ({LIVE.name: float("nan")}, "between"),
        ({LIVE.name + "x": 1.0}, "unknown parameter"),
        ({FIXED.name: FIXED.default}, "does not change while"),
    ],
)
def test_what_the_table_refuses_leaves_the_file_as_it_was(tmp_path, values, words):
    path = tmp_path / "live_params.json"
    before = write_live_params(path, {"BTC": {LIVE.name: LIVE.default}})
    with pytest.raises(ConfigError, match=words):
        write_live_params(path, {"BTC": values})
    assert read_live_params(path) == before
    path.write_text(json.dumps({"schema_version": 1, "symbols": {"BTC": values}}))
    with pytest.raises(ConfigError, match=words):
        read_live_params(path)


def test_a_misspelt_name_is_suggested(tmp_path):
    with pytest.raises(ConfigError) as caught:
        write_live_params(tmp_path / "p.json", {"BTC": {LIVE.name[:-1]: 1.0}})
    assert LIVE.name in caught.value.cure


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema_version": 2, "weights": {}}', '{"schema_version": 1, "weights": []}',
     '{"schema_version": 1, "weights": {"A": 0.6, "B": 0.5}}',
     '{"schema_version": 1, "weights": {"A": -0.1}}', '{"schema_version": 1, "weights": {"A": NaN}}',
     '{"schema_version": 1, "weights": {"A": 0.1, "A": 0.2}}', "[" * 100_000],
)  # fmt: skip
def test_malformed_shares_are_refused(tmp_path, text):
    path = tmp_path / "allocations.json"
    path.write_text(text)
    with pytest.raises(ConfigError):
        read_allocations(path)
