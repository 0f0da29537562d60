"""Callers that ask without a pause while something breaks, and keep every answer with its time."""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any

THREADS = 6
NO_ANSWER = 0


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: Any = None
    retry_after: str | None = None
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def post(port: int, path: str, body: dict[str, Any], token: str = "") -> Answer:
    """One request on a connection of its own; whatever happens to it is an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json", "Connection": "close"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    began = time.monotonic()
    try:
        connection.request("POST", f"/userprofile/{path}", json.dumps(body), headers)
        response = connection.getresponse()
        status, content = response.status, json.loads(response.read())
        wait = response.headers["Retry-After"]
    except (OSError, HTTPException):
        status, content, wait = NO_ANSWER, None, None
    finally:
        connection.close()
    return Answer(status=status, body=content, retry_after=wait, began=began, ended=time.monotonic())


class Load:
    """`with Load(port, calls) as load:` the calls are made in turn by several threads until the end."""

    def __init__(
        self, port: int, calls: Sequence[tuple[str, dict[str, Any]]], *, threads: int = THREADS
    ) -> None:
        self.answers: list[Answer] = []
        self._port, self._calls = port, itertools.cycle(calls)
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._ended.is_set():
            path, body = next(self._calls)
            answer = post(self._port, path, body)
            self.answers.append(answer)
            if answer.status == NO_ANSWER:
                time.sleep(0.02)

    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in list(self.answers))

    def since(self, moment: float) -> list[Answer]:
        """The answers to what was asked from then on."""
        return [answer for answer in list(self.answers) if answer.began >= moment]

    def goes_well_since(self, moment: float) -> Callable[[], bool]:
        """Whether as many answers as there are threads, the last ones, are 200."""

        def goes_well() -> bool:
            last = self.since(moment)[-len(self._threads) :]
            return len(last) == len(self._threads) and all(answer.status == 200 for answer in last)

        return goes_well
