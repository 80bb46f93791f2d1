"""Cleaning tests — no key, token or webhook reaches a log, and one record is one line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from botmm.observe.logging import HIDDEN, clean_text, cleaned

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"


@pytest.mark.parametrize(
    "text",
    [KEY, KEY.upper(), f"0x{KEY}", f"key={KEY},", f"({KEY})", f"{KEY}00",
     "https://discord.com/api/webhooks/1/secret4c0883", "discord://1/secret4c0883",
     "http://user:secret4c0883@host/"],
)  # fmt: skip
def test_secrets_are_hidden_in_texts(text):
    assert "4c0883" not in clean_text(f"before {text} after").lower()
    assert HIDDEN in clean_text(text)


def test_what_is_no_secret_stays():
    text = f"order 0x{'ab' * 16} of account 0x{'cd' * 20}"
    assert clean_text(text) == text


def test_secrets_are_hidden_by_name_and_depth():
    made = cleaned(None, "info", {
        "event": "x", "api_token": "short", "key": "k", "deep": {"list": [KEY, {"secret": "s"}]},
        "number": int(KEY, 16), "bytes": bytes.fromhex(KEY), "size": 5, "about": "guard",
    })  # fmt: skip
    assert made["api_token"] == made["key"] == made["number"] == HIDDEN
    assert made["deep"] == {"list": [HIDDEN, {"secret": HIDDEN}]}
    assert made["size"] == 5
    assert made["bytes"] == HIDDEN


def test_a_record_is_one_line_of_json_under_systemd():
    program = (
        "from botmm.observe.logging import set_up, logger; import logging; set_up(level='info');"
        "logger('x').info('a\\nb\\x1b[31mc\\u2028d'); logging.getLogger('lib').warning('%s', 'e\\nf')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True,
        env={"JOURNAL_STREAM": "8:1", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    first, second = done.stderr.splitlines()
    assert json.loads(first)["event"] == "a\\x0ab\\x1b[31mc\\u2028d"
    assert "e\\x0af" in second
