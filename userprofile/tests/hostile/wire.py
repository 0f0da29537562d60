"""Bytes over a socket, and every answer that comes until the server hangs up."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PATIENCE = 20  # seconds; a server that is silent for longer hangs
INTERIM = range(100, 200)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        assert self.headers["content-type"] in ("application/json", "application/problem+json"), self
        return json.loads(self.body)


def exchange(
    port: int, request: bytes, *, expected: int = 1, hangs_up: bool = False, has_body: bool = True
) -> list[Answer]:
    """All answers, which may be more than expected: what was smuggled shows as one too many.

    Once the expected ones are here the client sends its end of file, and waits for the server's.
    """
    received, has_ended = b"", False
    with _connected(port) as connection:
        sender = threading.Thread(target=_send, args=(connection, request, hangs_up))
        sender.start()
        while piece := _receive(connection):
            received += piece
            if not has_ended and len(list(_answers(received, has_body=has_body))) >= expected > 0:
                has_ended = True
                _end(connection)
        _end(connection)
        sender.join(PATIENCE)
    return list(_answers(received, has_body=has_body))


def trickle(port: int, start: bytes, *, piece: bytes, pause: float) -> tuple[list[Answer], float]:
    """Sends `start`, then `piece` again and again until the server has had enough; the seconds that took."""
    begun_at = time.monotonic()
    with _connected(port) as connection:
        connection.sendall(start)
        connection.settimeout(pause)
        received = b""
        while time.monotonic() - begun_at < PATIENCE:
            try:
                if not (found := connection.recv(65536)):
                    return list(_answers(received, has_body=True)), time.monotonic() - begun_at
                received += found
            except TimeoutError:
                with contextlib.suppress(OSError):
                    connection.sendall(piece)
            except ConnectionResetError:
                return list(_answers(received, has_body=True)), time.monotonic() - begun_at
    raise TimeoutError("The server has not hung up.")


@contextlib.contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def _send(connection: socket.socket, request: bytes, hangs_up: bool) -> None:
    """The server may have had enough long before the end."""
    with contextlib.suppress(OSError):
        connection.sendall(request)
        if hangs_up:
            connection.shutdown(socket.SHUT_WR)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def _answers(received: bytes, *, has_body: bool) -> Iterator[Answer]:
    """Those that are complete, interim ones left out."""
    while b"\r\n\r\n" in received:
        top, _, rest = received.partition(b"\r\n\r\n")
        line, *lines = top.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        status = int(line.split(" ")[1])
        length = int(headers.get("content-length", "0")) if has_body else 0
        if len(rest) < length:
            return
        received = rest[length:]
        if status not in INTERIM:
            yield Answer(status, headers, rest[:length])
