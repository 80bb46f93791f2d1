"""Logging — records go to stderr, as JSON where asked, and below the level nowhere."""

import json

import pytest

from botmm.observe.logging import logger, set_up


def test_json_records(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(level="info", as_json=True)
    logger("test").debug("hidden")
    logger("test").info("tape read", rows=3)
    captured = capsys.readouterr()
    assert captured.out == ""
    record = json.loads(captured.err)
    assert (record["event"], record["rows"], record["level"]) == ("tape read", 3, "info")
