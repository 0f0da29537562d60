"""What an SMTP server may answer at each step: what is tried again, what is final, and what comes twice."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

from userprofile.clock import now
from userprofile.mechanisms import delivery, otp
from userprofile.models import EmailsLogs, User
from userprofile.tests.faults import mail_sink

DROP, HANG = "drop", "hang"


class Moody(mail_sink.Sink):
    """Answers one step like this, once; then it accepts."""

    def __init__(self, step: str, answer: str) -> None:
        super().__init__()
        self.step, self.answer = step, answer

    async def _answer(self, server: SMTP, step: str) -> str:
        if self.step != step:
            return ""
        self.step = ""
        if self.answer == HANG:
            await asyncio.sleep(1.5)
        if self.answer in (DROP, HANG):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return self.answer

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's names)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        answer = await self._answer(server, "EHLO")
        session.host_name = hostname
        return [answer] if answer else responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self._answer(server, "RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if answer := await self._answer(server, "DATA"):
            return answer
        taken = await super().handle_DATA(server, session, envelope)
        return await self._answer(server, "taken") or taken


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[[str, str], Moody]]:
    running = ExitStack()

    def start(step: str, answer: str) -> Moody:
        sink = Moody(step, answer)
        running.enter_context(mail_sink.serving(sink))
        settings.EMAIL_PORT = sink.port
        return sink

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 0.5
    with running:
        yield start


@pytest.fixture
def row(make_user: Callable[..., User]) -> EmailsLogs:
    return otp.issue(user=make_user(password=None), purpose=otp.PASSWORD_RESET, at=now())


def try_now(row: EmailsLogs) -> tuple[str, int, str]:
    EmailsLogs.objects.filter(pk=row.pk, status="queued").update(next_attempt_at=now())
    delivery.deliver_due()
    row.refresh_from_db()
    return row.status, row.attempts, row.last_error


@pytest.mark.parametrize(
    ("step", "answer", "error", "copies"),
    [
        ("EHLO", DROP, "SMTPServerDisconnected", 1),
        ("RCPT", "421 closing", "SMTPRecipientsRefused 421", 1),
        ("RCPT", "451 greylisted", "SMTPRecipientsRefused 451", 1),
        ("DATA", "421 closing", "SMTPDataError 421", 1),
        ("DATA", "451 try later", "SMTPDataError 451", 1),
        ("DATA", DROP, "SMTPServerDisconnected", 1),
        ("DATA", HANG, "SMTPServerDisconnected", 1),
        ("taken", DROP, "SMTPServerDisconnected", 2),
        ("taken", HANG, "SMTPServerDisconnected", 2),
    ],
)
def test_mail_is_tried_again_with_the_same_id_and_code(
    serve: Callable[[str, str], Moody], row: EmailsLogs, step: str, answer: str, error: str, copies: int
) -> None:
    sink = serve(step, answer)
    assert try_now(row) == ("queued", 1, error)
    assert try_now(row) == ("sent", 2, "")
    assert sink.copies() == {row.message_id: copies}
    (text,) = sink.texts_of(row.message_id)
    assert f"    {otp.digits(row)}" in text.splitlines()


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
@pytest.mark.parametrize("code", [550, 554])
def test_recipient_or_message_that_is_refused_for_good_is_given_up(
    serve: Callable[[str, str], Moody], row: EmailsLogs, step: str, code: int
) -> None:
    sink = serve(step, f"{code} no")
    error = "SMTPRecipientsRefused" if step == "RCPT" else "SMTPDataError"
    assert try_now(row) == try_now(row) == ("failed", 1, f"{error} {code}")
    assert sink.accepted == []
