"""Rest — one HTTP client: a deadline around the whole call, a cap on its size, no surprises.

It never raises for what the network does: that is a reply, too.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp

from botmm.exchanges.base import RawReply
from botmm.exchanges.hyperliquid.hosts import Host

DEADLINE_S = 2.0
BODY_MAX = 8 << 20
_HEADERS = {"Content-Type": "application/json"}


class Rest:
    """Posts JSON to one host; TLS is verified, proxies and redirects are not followed."""

    def __init__(
        self, host: Host, *, deadline_s: float = DEADLINE_S, body_max: int = BODY_MAX
    ) -> None:
        """Take the host; connections are made when they are needed."""
        self._base = host.base
        self.deadline_s, self._body_max = deadline_s, body_max
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            headers=_HEADERS,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def post(self, path: str, body: bytes) -> RawReply:
        """Return what came back, or what went wrong; within the deadline, whatever drips in."""
        if self._client is None:
            return RawReply(status=None, body=None, why="the client is closed", sent=False)
        try:
            async with (
                asyncio.timeout(self.deadline_s),
                self._client.post(
                    f"{self._base}{path}", data=body, allow_redirects=False
                ) as response,
            ):
                received = await self._read(response)
                if received is None:
                    why = f"the reply is longer than {self._body_max} bytes"
                    return RawReply(status=response.status, body=None, why=why)
                return RawReply(status=response.status, body=received)
        except TimeoutError:
            return RawReply(status=None, body=None, why=f"no answer in {self.deadline_s:g} s")
        except aiohttp.ClientConnectorError as error:
            return RawReply(status=None, body=None, why=f"no connection: {error}", sent=False)
        except (aiohttp.ClientError, OSError) as error:
            why = f"{type(error).__name__}: {error}"
            return RawReply(status=None, body=None, why=why)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        received = bytearray()
        async for chunk in response.content.iter_any():
            received += chunk
            if len(received) > self._body_max:
                response.close()
                return None
        return bytes(received)
