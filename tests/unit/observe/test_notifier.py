"""Notifier tests — a person hears each P1, soon and again; a dead target delays nobody."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from botmm.clock import SystemClock
from botmm.observe.logging import set_up
from botmm.observe.notifier import QUEUE_MAX, Notifier, Severity


class Sink(ThreadingHTTPServer):
    """Takes what apprise posts."""

    daemon_threads = True

    def __init__(self) -> None:
        self.heard: list[dict[str, str]] = []
        self.answer = 200
        self.hold = threading.Event()
        self.hold.set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/secrettoken"


class Handler(BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.hold.wait(10)
        self.server.heard.append(body)
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def _logs() -> None:
    set_up(level="warning")


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.hold.set()
    made.shutdown()
    thread.join()
    made.server_close()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 8
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_a_message_comes_once_and_its_key_is_not_told_again_soon(sink):
    with Notifier(SystemClock(), [sink.url]) as notifier:
        assert notifier.tell(Severity.P2, "fills", "many @everyone \x1b[31m fills")
        assert not notifier.tell(Severity.P2, "fills", "more")
        assert notifier.tell(Severity.P2, "other", "words")
        until(lambda: len(sink.heard) == 2)
    assert [m["title"] for m in sink.heard] == ["P2 fills", "P2 other"]
    assert "@everyone" not in sink.heard[0]["message"]
    assert "\x1b" not in sink.heard[0]["message"]


def test_a_p1_is_told_again_until_it_is_acknowledged(sink):
    with Notifier(SystemClock(), [sink.url], again_s=0.05) as notifier:
        notifier.tell(Severity.P1, "guard", "no heartbeat")
        until(lambda: len(sink.heard) >= 3)
        assert notifier.acknowledge() == 1
        until(lambda: notifier.sent == len(sink.heard))
        assert notifier.acknowledge() == 0
    assert "again" in sink.heard[-1]["title"]


def test_a_p1_that_failed_is_tried_again(sink):
    sink.answer = 500
    with Notifier(SystemClock(), [sink.url], retry_s=0.05) as notifier:
        notifier.tell(Severity.P1, "guard", "no heartbeat")
        until(lambda: notifier.failed >= 2)
        sink.answer = 200
        until(lambda: notifier.sent == 1)


def test_a_target_that_hangs_delays_nobody_and_severe_messages_find_room(sink):
    sink.hold.clear()
    notifier = Notifier(SystemClock(), [sink.url])
    start = time.monotonic()
    for number in range(QUEUE_MAX + 50):
        notifier.tell(Severity.P3, f"k{number}", "words")
    assert notifier.tell(Severity.P1, "guard", "no heartbeat")
    assert time.monotonic() - start < 2
    assert notifier.dropped >= 49
    notifier.close(timeout_s=0.05)


def test_no_target_is_no_error_and_no_url_is_logged(sink, capfd):
    set_up(level="debug")
    with Notifier(SystemClock(), []) as notifier:
        assert notifier.tell(Severity.P1, "guard", "words")
    sink.answer = 500
    with Notifier(SystemClock(), [sink.url, "nonsense://secrettoken"]) as notifier:
        notifier.tell(Severity.P2, "guard", "words")
        until(lambda: notifier.failed == 1)
    out, err = capfd.readouterr()
    assert "secrettoken" not in out + err
