"""One line in the log for each request, and an id that all of a request's lines share.

Neither the query nor the body is ever logged: they hold addresses, passwords, codes and tokens. Nothing
that anybody sends begins a line of its own.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "X-Request-ID"
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")

CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
ESCAPES = {code: repr(chr(code))[1:-1] for code in CONTROLS}

request_id: ContextVar[str] = ContextVar("request_id", default="-")
logger = logging.getLogger("userprofile.request")


class RequestLog:
    """The outermost middleware: the caller's X-Request-ID if it is a plain one, or a new one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        chosen = given if ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        request.log_id = chosen  # type: ignore[attr-defined]
        mark = request_id.set(chosen)
        begin = time.perf_counter()
        try:
            response = self.get_response(request)
            response[HEADER] = chosen
            _log(request, response.status_code, time.perf_counter() - begin)
        finally:
            request_id.reset(mark)
        return response


class AddRequestId(logging.Filter):
    """Gives every line that is written during a request its id.

    Django tells of a 5xx when the answer has left the middleware: that line brings its request along.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = getattr(getattr(record, "request", None), "log_id", request_id.get())
        return True


class OneLine(logging.Formatter):
    """For people: a message is one line; only a traceback, behind it, has several."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's own name)
        return super().formatMessage(record).translate(ESCAPES)


def _log(request: HttpRequest, status: int, seconds: float) -> None:
    path = request.path_info[:200].encode("unicode_escape").decode()
    milliseconds = round(seconds * 1000, 1)
    fields = {"method": request.method, "path": path, "status": status, "milliseconds": milliseconds}
    logger.info("%(method)s %(path)s %(status)s", fields, extra=fields)
