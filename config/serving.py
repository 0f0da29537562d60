"""gunicorn's worker: what it refuses by itself is JSON too, and nobody keeps a thread by being slow."""

import contextlib
import json
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from csp.utils import build_policy
from gunicorn import util
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidHeader,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
)
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import ThreadWorker

REQUEST_LIMIT = 10  # seconds from a request's first byte to its last
OURS = (InvalidResponseHeader, InvalidResponseHeaderName)
STATUSES = {  # of what is not simply malformed
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}
HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


class TooSlow(NoMoreData, TimeoutError):  # type: ignore[misc]
    """The rest of a request has not come in time. To gunicorn it is a client that has hung up."""


class PunctualUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads until the deadline, however little comes at a time."""

    deadline = 0.0

    def chunk(self, size_hint: int | None = None) -> bytes:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TooSlow
        self.sock.settimeout(remaining)
        try:
            found: bytes = super().chunk(size_hint)
        except TimeoutError:
            raise TooSlow from None
        finally:
            self.sock.settimeout(None)
        return found


class PunctualParser(RequestParser):  # type: ignore[misc]
    def __init__(self, cfg: Any, source: Any, source_addr: Any) -> None:
        super().__init__(cfg, source, source_addr)
        self.unreader = PunctualUnreader(source)


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's own reads without any limit of time, answers in HTML, and repeats what it could not read."""

    def enqueue_req(self, conn: Any) -> None:
        if conn.parser is None:  # one for each connection
            conn.parser = PunctualParser(self.cfg, conn.sock, conn.client)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        conn.parser.unreader.deadline = time.monotonic() + REQUEST_LIMIT
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        _refuse_doubtful_host(req)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if isinstance(exc, ParseException) and not isinstance(exc, OURS):
            status = STATUSES.get(type(exc), HTTPStatus.BAD_REQUEST)
            # By its kind alone: what could not be read may hold an address or a token.
            self.log.info("Refused a request of %s: %s", addr[0] if addr else "", type(exc).__name__)
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self.log.error("A request failed outside the application", exc_info=exc)
        with contextlib.suppress(OSError):
            util.write_nonblock(client, _answer(status))


def _refuse_doubtful_host(req: Any) -> None:
    """RFC 9112, 3.2: HTTP/1.1 names its host, and a whole URL in place of a path names the same one."""
    named = [value for name, value in req.headers if name == "HOST"]
    if not named and req.version >= (1, 1):
        raise InvalidHeader("HOST")
    is_whole_url = not req.uri.startswith("/") and "://" in req.uri
    if is_whole_url and [urlsplit(req.uri).netloc.lower()] != [host.lower() for host in named]:
        raise InvalidHeader("HOST")


def _answer(status: HTTPStatus) -> bytes:
    from config.json_errors import SENTENCES  # only once Django is set up

    body = json.dumps({"error": SENTENCES[status]}).encode()
    headers = {**HEADERS, "Content-Security-Policy": build_policy(), "Content-Length": str(len(body))}
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
