"""Delivery to a real SMTP server: one that hangs, one that refuses at first, one that is not there."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

from userprofile.clock import now
from userprofile.mechanisms import delivery, otp
from userprofile.models import EmailsLogs, User


class Server:
    """Answers DATA and RCPT with the next of its answers, then accepts; so many seconds it `hangs` first."""

    def __init__(
        self, *, data: tuple[str, ...] = (), rcpt: tuple[str, ...] = (), hangs: tuple[float, ...] = ()
    ) -> None:
        self.data, self.rcpt, self.hangs = list(data), list(rcpt), list(hangs)
        self.accepted: list[bytes] = []

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt:
            return self.rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.hangs.pop(0) if self.hangs else 0)
        if self.data:
            return self.data.pop(0)
        assert isinstance(envelope.content, bytes)
        self.accepted.append(envelope.content)
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[[Server], Server]]:
    running: list[Controller] = []

    def start(server: Server) -> Server:
        controller = Controller(server, hostname="127.0.0.1", port=free_port())
        controller.start()
        running.append(controller)
        settings.EMAIL_PORT = controller.port
        return server

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    yield start
    for controller in running:
        controller.stop()


@pytest.fixture
def row(make_user: Callable[..., User]) -> EmailsLogs:
    user = make_user("asha@example.com", password=None)
    return otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())


def try_at_once(row: EmailsLogs) -> int:
    EmailsLogs.objects.filter(pk=row.pk).update(next_attempt_at=now())
    sent = delivery.deliver_due()
    row.refresh_from_db()
    return sent


def test_server_that_says_451_gets_the_same_mail_again(
    serve: Callable[[Server], Server], row: EmailsLogs
) -> None:
    server = serve(Server(data=("451 try later",)))
    assert try_at_once(row) == 0
    assert (row.status, row.attempts, row.last_error) == ("queued", 1, "SMTPDataError 451")
    assert try_at_once(row) == 1
    assert (row.status, row.attempts, row.last_error) == ("sent", 2, "")
    (content,) = server.accepted
    message = message_from_bytes(content, policy=policy.default)
    assert message["Message-ID"] == row.message_id
    for part in message.iter_parts():
        assert otp.digits(row) in part.get_content()


def test_server_that_hangs_costs_the_timeout_and_no_more(
    serve: Callable[[Server], Server], row: EmailsLogs, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    serve(Server(hangs=(2,)))
    began = time.monotonic()
    assert try_at_once(row) == 0
    assert 0.3 <= time.monotonic() - began < 1.5
    assert (row.status, row.attempts, row.last_error) == ("queued", 1, "SMTPServerDisconnected")
    assert try_at_once(row) == 1
    assert row.status == "sent"


def test_mail_after_a_broken_connection_goes_out_in_the_same_round(
    serve: Callable[[Server], Server], row: EmailsLogs, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    server = serve(Server(hangs=(2,)))
    other = otp.issue(user=row.user, purpose=otp.EMAIL_VALIDATION, at=now())
    assert delivery.deliver_due() == 1
    (content,) = server.accepted
    assert message_from_bytes(content)["Message-ID"] == other.message_id


def test_server_that_is_not_there_is_tried_again(serve: Callable[[Server], Server], row: EmailsLogs) -> None:
    assert try_at_once(row) == 0
    assert (row.status, row.attempts, row.last_error) == ("queued", 1, "ConnectionRefusedError")
    assert timedelta(0) < row.next_attempt_at - now() <= timedelta(seconds=10)


def test_recipient_whom_the_server_does_not_know_is_final(
    serve: Callable[[Server], Server], row: EmailsLogs
) -> None:
    server = serve(Server(rcpt=("550 no such user here",)))
    assert try_at_once(row) == 0
    assert (row.status, row.attempts, row.last_error) == ("failed", 1, "SMTPRecipientsRefused 550")
    assert server.accepted == []


def test_mail_after_a_refused_one_goes_out_in_the_same_round(
    serve: Callable[[Server], Server], row: EmailsLogs
) -> None:
    server = serve(Server(rcpt=("450 greylisted",)))
    other = otp.issue(user=row.user, purpose=otp.EMAIL_VALIDATION, at=now())
    assert delivery.deliver_due() == 1
    row.refresh_from_db()
    assert (row.status, row.last_error) == ("queued", "SMTPRecipientsRefused 450")
    (content,) = server.accepted
    assert message_from_bytes(content)["Message-ID"] == other.message_id
