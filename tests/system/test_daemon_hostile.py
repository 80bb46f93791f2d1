"""Daemon under hostile frames — they are counted and change nothing, and none holds the loop up."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from botmm.exchanges.emulator import coins
from botmm.exchanges.emulator.faults import Fault, FaultPlan
from botmm.live.latches import phrase
from tests.fakes.live_drill import Drill, run

DEEP = 100_000
HUGE = 64 << 20
SLOW_S = 0.1
NUMBERS = ("NaN", "Infinity", "1e400", "-1", '"1e400"', '"NaN"', '"١٢٣"', '"\\ud800"', "null", "[]")
BOOK = (
    '{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[{"px":%s,"sz":"1.0","n":1}],[]]}}'
)
TOUCH = '{"channel":"bbo","data":{"coin":"BTC","time":%s,"bbo":[null,null]}}'
ORDER = (
    '{"channel":"orderUpdates","data":[{"order":{"coin":"BTC","side":"B","limitPx":"1.0",'
    '"sz":%s,"oid":1,"timestamp":1,"origSz":"1.0","cloid":"0x00000000000000000000000000000001"},'
    '"status":"open","statusTimestamp":1}]}'
)
FILL = (
    '{"channel":"userFills","data":{"user":"USER","fills":[{"coin":"BTC","px":"1.0","sz":%s,'
    '"side":"B","time":1,"startPosition":"0.0","dir":"Open Long","closedPnl":"0.0","hash":"0x0",'
    '"oid":1,"crossed":false,"fee":"0.0","tid":1,"feeToken":"USDC"}]}}'
)
FUNDING = (
    '{"channel":"userFundings","data":{"user":"USER","fundings":[{"time":1,"coin":"BTC",'
    '"usdc":%s,"szi":"1.0","fundingRate":"0.1"}]}}'
)
CHANNELS = ("l2Book", "bbo", "trades", "activeAssetCtx", "orderUpdates", "userFills")
PRIVATE = ("userFundings", "userNonFundingLedgerUpdates", "post", "subscriptionResponse", "error")


def hostile(user: str) -> tuple[list[str], list[str]]:
    """Return frames that no venue should send, and those of an account that are whole JSON."""
    frames = [form % number for form in (BOOK, TOUCH) for number in NUMBERS]
    account = [form % number for form in (ORDER, FILL, FUNDING) for number in NUMBERS]
    for channel in (*CHANNELS, *PRIVATE):
        bombs = ("[" * DEEP, '{"a":' * DEEP)
        frames += [f'{{"channel":"{channel}","data":{deep}' for deep in bombs]
        frames.append(f'{{"channel":"{channel}","data":{{"\\ud800":"\\udfff","x":NaN}}}}')
        frames.append(f'{{"channel":"{channel}","data":null,"channel":"l2Book","data":7}}')
    frames += ["[" * DEEP, "", "\x00", "null", "{}", '{"channel":7}', "𝟙" * 1000]
    return frames, [frame.replace("USER", user) for frame in account]


class Stopwatch:
    """The most processor time that one frame took in functions of the daemon."""

    def __init__(self) -> None:
        self.most_s = 0.0
        self.calls = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*arguments)
            finally:
                self.calls += 1
                self.most_s = max(self.most_s, time.thread_time() - began)

        return timed


@pytest.fixture
def no_garbage() -> Iterator[None]:
    """Let nobody collect: the daemon does that between frames, and of its own objects alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage")
def test_hostile_frames_are_counted_and_change_nothing(tmp_path: Path) -> None:
    async def script(drill: Drill) -> None:
        watch, venue = Stopwatch(), drill.runner.venue
        assert drill.runner._loop is not None
        drill.runner._loop.frame = watch.around(drill.runner._loop.frame)  # type: ignore[method-assign]
        for stream in venue._streams:  # type: ignore[attr-defined]
            stream._take = watch.around(stream._take)
        await drill.trade(1)
        bad, before = drill.runner.engine.counts.bad_frames, watch.calls
        frames, account = hostile(drill.owner.address)
        for at, frame in enumerate(frames):
            await drill.do("frame", text=frame)
            if at % 20 == 0:
                await drill.trade(1)
        for frame in account:
            await drill.do("frame", text=frame)
        await drill.halted("HALTED: news of the account is of another kind than we know")
        drill.operator.resume(who="drill", typed=[phrase("HALTED")])
        await drill.trade(1)
        links = venue.link
        for socket in list(drill.emulator.server.sockets):
            await socket._ws.send_bytes(b"\x00\xff\xfe" * 1000)
        await drill.do("frame", text="x" * HUGE)
        await drill.until(
            lambda: venue.link >= links + 2, "both sockets were given up for new ones"
        )
        await drill.trade(1)
        await drill.quoting()
        await drill.settle()
        drill.judge_books()
        counted = drill.runner.engine.counts.bad_frames - bad
        print(
            f"{len(frames) + len(account)} frames on two sockets, {counted} counted, "
            f"{watch.most_s * 1e3:.1f} ms"
        )
        assert watch.calls - before > 2 * (len(frames) + len(account))
        assert counted >= len(frames) + len(account)
        assert watch.most_s < SLOW_S

    run(tmp_path, script).judge(orders=4, fills=4)


NAMES = (
    "../../outside", "/tmp/outside", "BTC/../../outside", "NUL\x00", "..", "A" * 10_000,
    "\x1b[31mred", "<b>BTC</b>", "@everyone", "ВТС", "BTC\nSOL", "%2e%2e%2f", "",
)  # fmt: skip


def listed() -> str:
    """Return the venue's listing with names in it that whoever lists a coin may choose."""
    meta = coins.meta(coins.listed(["BTC"]))
    first = meta["universe"][0]
    meta["universe"] += [{**first, "name": name} for name in NAMES]
    return json.dumps(meta)


def test_hostile_names_of_coins_reach_no_path_and_no_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = FaultPlan(fault=(Fault(kind="status", only="meta", status=200, body=listed()),))
    state = tmp_path / "inner" / "state"
    state.mkdir(parents=True)

    async def script(drill: Drill) -> None:
        assert drill.emulator.faults.struck["status"] >= 1, "the listing was read"
        for name in NAMES:
            said = {"coin": name, "time": drill.emulator.desk.now // 10**6}
            order = {"coin": name, "side": "B", "limitPx": "1.0", "sz": "1.0", "oid": 1}
            order |= {"timestamp": 1, "origSz": "1.0", "cloid": f"0x{1:032x}"}
            update = {"order": order, "status": "open", "statusTimestamp": 1}
            for channel, data in (
                ("l2Book", {**said, "levels": [[], []]}),
                ("bbo", {**said, "bbo": [None, None]}),
                ("orderUpdates", [update]),
            ):
                await drill.do("frame", text=json.dumps({"channel": channel, "data": data}))
        await drill.trade(1)
        await drill.quoting()
        await drill.settle()
        drill.judge_books()
        assert [one.name for one in drill.runner.venue.instruments] == ["BTC"]  # type: ignore[attr-defined]

    run(state, script, plan=plan).judge(orders=2, fills=1)
    written = [path for path in tmp_path.rglob("*") if not path.is_dir()]
    assert written
    assert all(path.is_relative_to(state) for path in written)
    assert all(path.name.isascii() and "outside" not in path.name for path in written)
    said = "".join(capfd.readouterr())
    assert not any(name in said for name in NAMES if name not in ("", ".."))
    assert not Path("/tmp/outside").exists()
