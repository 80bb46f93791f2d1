"""S3 server — moto behind loopback HTTP, with a hand in between that spoils requests."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "segments"


@dataclass
class Spoiled:
    """The application; `fault` names what happens to the next uploads or downloads."""

    fault: str = ""
    met: list[str] = field(default_factory=list)
    checksums: list[str] = field(default_factory=list)
    url: str = ""
    app: Any = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, fault = environ["REQUEST_METHOD"], self.fault
        if method == "PUT":
            self.checksums.append(environ.get("HTTP_X_AMZ_CHECKSUM_SHA256", ""))
        aimed = environ["PATH_INFO"].count("/") > 1 and "seg" in environ["PATH_INFO"]
        if not fault or not aimed or (method == "GET") != fault.startswith("read"):
            return self._through(environ, start)
        self.met.append(fault)
        if fault in {"refused", "read refused"}:
            start("503 Slow Down", [("Content-Type", "text/plain")])
            return [b""]
        if fault == "expired":
            start("400 Bad Request", [("Content-Type", "application/xml")])
            return [b"<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>"]
        if fault == "read cut":
            return self._cut(environ, start)
        body = _body_of(environ)
        body = body[:-1] if fault == "cut" else bytes([body[0] ^ 1]) + body[1:]
        # A store that checks would refuse this one; a store that does not is the worse case.
        for name in [n for n in environ if "CHECKSUM" in n or n == "HTTP_CONTENT_MD5"]:
            del environ[name]
        for name in ("HTTP_X_AMZ_TRAILER", "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"):
            environ.pop(name, None)
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self._through(environ, start)

    def _through(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        answer: Iterable[bytes] = self.app(environ, start)
        return answer

    def _cut(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Promise the whole object and break off before its end."""
        whole = b"".join(self._through(environ, start))
        return [whole[: len(whole) // 2]]


def _body_of(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length)
    return body


@contextmanager
def s3_server() -> Iterator[Spoiled]:
    """Yield a server with one bucket, which ends with the block."""
    spoiled = Spoiled()
    server = make_server("127.0.0.1", 0, spoiled, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    spoiled.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield spoiled
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
