"""A real SMTP server that keeps what it accepts, and stops at a chosen step until it is let go."""

import asyncio
import logging
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

EHLO, MAIL, IN_DATA, ACCEPTED = "EHLO", "MAIL", "in DATA", "accepted"
PATIENCE = 120.0


class Sink:
    """`stop_at(step)`: the server waits there, once; `reached` tells, `go_on` lets it go on."""

    def __init__(self) -> None:
        self.port = 0
        self.accepted: list[EmailMessage] = []
        self.peers: Counter[Any] = Counter()
        self.attempts: list[float] = []
        self.answers: list[str] = []
        self.workers_awaited = 0
        self.delay = 0.0
        self._step, self._passes = "", 0
        self._reached, self._released = threading.Event(), threading.Event()

    def stop_at(self, step: str, *, passes: int = 0) -> None:
        """Stop there, after it has been passed so many times."""
        self._reached.clear()
        self._released.clear()
        self._step, self._passes = step, passes

    def wait_until_reached(self) -> None:
        assert self._reached.wait(PATIENCE), f"no worker came to {self._step}"

    def go_on(self) -> None:
        self._step = ""
        self._released.set()

    def copies(self) -> Counter[str]:
        return Counter(str(message["Message-ID"]) for message in self.accepted)

    def texts_of(self, message_id: str) -> set[str]:
        """What the copies of one mail say."""
        found = [message for message in self.accepted if message["Message-ID"] == message_id]
        return {str(part.get_content()) for message in found for part in plain_parts(message)}

    async def pause(self, step: str) -> None:
        if step != self._step:
            return
        self._passes -= 1
        if self._passes >= 0:
            return
        self._reached.set()
        while not self._released.is_set():
            await asyncio.sleep(0.005)

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's names)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        await self.pause(EHLO)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self.pause(MAIL)
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.attempts.append(asyncio.get_running_loop().time())
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        self.accepted.append(message_from_bytes(envelope.content, policy=policy.default))
        await asyncio.sleep(self.delay)
        await self.pause(ACCEPTED)
        await self._gather(session.peer)
        return "250 OK"

    async def _gather(self, peer: Any) -> None:
        """Have the first workers wait for the others, so that they share what there is."""
        self.peers[peer] += 1
        for _ in range(800):
            if len(self.peers) >= self.workers_awaited:
                return
            await asyncio.sleep(0.01)


def plain_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            yield part


class InterruptedSMTP(SMTP):
    """Stops in the middle of a message as well, which no handler of aiosmtpd sees."""

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        sink = self.event_handler
        if sink._step != IN_DATA:
            await super().smtp_DATA(arg)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        assert self._reader is not None
        await self._reader.readline()
        await sink.pause(IN_DATA)


class InterruptedController(Controller):
    def factory(self) -> SMTP:
        return InterruptedSMTP(self.handler, hostname="sink", loop=self.loop)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(sink: Sink) -> Iterator[Sink]:
    sink.port = free_port()
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    controller = InterruptedController(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        sink.go_on()
        controller.stop()


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port on which a connection is never established: its queue is full, and nobody empties it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = int(listener.getsockname()[1])
    callers = [socket.socket() for _ in range(4)]
    try:
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        yield port
    finally:
        for opened in (*callers, listener):
            opened.close()
