"""Fifty callers at once: real threads, each with a connection that stays open, and one barrier."""

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from threading import Barrier
from typing import Any, TypeVar

CALLERS = 50
PATIENCE = 60  # seconds for the slowest answer
IDLE_LIMIT = 60  # below the server's --keep-alive

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: Any
    headers: HTTPMessage

    @property
    def tokens(self) -> dict[str, str]:
        """What stands in the answer to a sign-in or a refresh."""
        assert self.status == 200, self
        return dict(self.body)


class Caller:
    """One client. Its connection is open, and accepted by a worker, before the volley begins."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._used_at = 0.0
        self.requests = 0

    def get_ready(self) -> None:
        if time.monotonic() - self._used_at > IDLE_LIMIT:
            self._connection.close()
            self.request("GET", "/health/live")

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.request("POST", path, json.dumps(body or {}), **headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def request(self, method: str, path: str, content: str | None = None, **headers: str) -> Answer:
        """`headers` are written as names of Python: `Content_Type`, `Authorization`."""
        given = {"Content_Type": "application/json"} | headers if content is not None else headers
        named = {name.replace("_", "-"): value for name, value in given.items()}
        self._connection.request(method, path, content, named)
        response = self._connection.getresponse()
        text = response.read().decode()
        self._used_at = time.monotonic()
        self.requests += 1
        assert response.status < 500, f"{method} {path}: {response.status} {text}"
        is_json = response.headers.get_content_type() == "application/json"
        return Answer(
            status=response.status, body=json.loads(text) if is_json else text, headers=response.headers
        )

    def hang_up(self) -> None:
        self._connection.close()
        self._used_at = 0.0


Call = Callable[[Caller], T]


def post(path: str, body: Any = None, **headers: str) -> Call[Answer]:
    """A request to be made in a volley."""
    return lambda caller: caller.post(path, body, **headers)


def after(seconds: float, call: Call[T]) -> Call[T]:
    """The call, begun that much later than the rest of its volley."""

    def wait(caller: Caller) -> T:
        time.sleep(seconds)
        return call(caller)

    return wait


class Callers:
    """The same fifty clients, volley after volley."""

    def __init__(self, port: int) -> None:
        self._all = [Caller(port) for _ in range(CALLERS)]
        self.first = self._all[0]

    @property
    def requests(self) -> int:
        """How many have been made until now, those that prepare a round included."""
        return sum(caller.requests for caller in self._all)

    def volley(self, calls: Iterable[Call[T]]) -> list[T]:
        """Make the calls at the same moment, each by a caller of its own; the results, in order."""
        calls = list(calls)
        assert len(calls) <= CALLERS
        barrier = Barrier(len(calls))

        def take_part(caller: Caller, call: Call[T]) -> T:
            caller.get_ready()
            barrier.wait(PATIENCE)
            return call(caller)

        with ThreadPoolExecutor(len(calls)) as threads:
            taking_part = [threads.submit(take_part, *each) for each in zip(self._all, calls, strict=False)]
        return [part.result() for part in taking_part]

    def hang_up(self) -> None:
        for caller in self._all:
            caller.hang_up()
