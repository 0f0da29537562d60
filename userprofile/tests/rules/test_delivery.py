"""Delivery: what goes out, what is tried again, and what never goes out."""

import smtplib
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outgoing
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import OperationalError, connections
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from userprofile.clock import now
from userprofile.mechanisms import backoff, delivery, lease, otp, outbox
from userprofile.models import EmailsLogs, User

Outcome = Exception | Callable[[], object] | None


class FakeServer(BaseEmailBackend):
    """Answers each mail with the next outcome: an error, or something that happens meanwhile."""

    def __init__(self, outcomes: Sequence[Outcome], forever: Outcome = None) -> None:
        super().__init__()
        self.outcomes, self.forever = list(outcomes), forever
        self.messages: list[EmailMessage] = []

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        outcome = self.outcomes.pop(0) if self.outcomes else self.forever
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            outcome()
        self.messages += email_messages
        return len(email_messages)


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("asha@example.com", password=None, first_name="Asha", timezone="Europe/Berlin")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeServer]:
    def answering(*outcomes: Outcome, forever: Outcome = None) -> FakeServer:
        fake = FakeServer(outcomes, forever)
        monkeypatch.setattr(delivery, "get_connection", lambda: fake)
        return fake

    return answering


def notice(user: User) -> EmailsLogs:
    return outbox.queue_notice(user=user, template="password_changed", at=now(), ip_address="203.0.113.9")


def code(user: User) -> EmailsLogs:
    return otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())


def state(row: EmailsLogs) -> tuple[str, int, str]:
    row.refresh_from_db()
    return row.status, row.attempts, row.last_error


def set_columns(row: EmailsLogs, **columns: Any) -> Callable[[], object]:
    return lambda: EmailsLogs.objects.filter(pk=row.pk).update(**columns)


def test_due_mail_goes_out_once(user: User, settings: Settings, clock: Any) -> None:
    row = notice(user)
    assert delivery.deliver_due() == 1
    assert delivery.deliver_due() == 0
    (message,) = outgoing.outbox
    assert isinstance(message, outgoing.EmailMultiAlternatives)
    assert message.subject == f"{settings.SERVICE_NAME}: your password was changed"
    assert (message.to, message.from_email) == (["asha@example.com"], settings.DEFAULT_FROM_EMAIL)
    assert "\nWhen: 14 March 2026, 10:26 (Europe/Berlin)\nFrom: 203.0.113.9\n" in message.body
    assert message.message()["Message-ID"] == row.message_id
    assert state(row) == ("sent", 1, "")
    assert row.sent_at == now()


def test_more_than_a_batch_goes_out_in_one_round(user: User, settings: Settings) -> None:
    for _ in range(2 * settings.MAIL_BATCH + 1):
        notice(user)
    assert delivery.deliver_due() == 2 * settings.MAIL_BATCH + 1


def test_mail_goes_to_the_stored_address_of_its_row(user: User) -> None:
    notice(user)
    User.objects.filter(pk=user.pk).update(email="new@example.com")
    delivery.deliver_due()
    assert outgoing.outbox[0].to == ["asha@example.com"]


def test_failed_attempt_is_tried_again_within_ten_seconds(
    user: User, server: Callable[..., FakeServer], clock: Any
) -> None:
    fake = server(smtplib.SMTPDataError(451, b"012345 is busy"))
    row = code(user)
    assert delivery.deliver_due() == 0
    assert state(row) == ("queued", 1, "SMTPDataError 451")
    assert timedelta(seconds=2) <= row.next_attempt_at - now() <= timedelta(seconds=4)
    clock.shift(timedelta(seconds=10))
    assert delivery.deliver_due() == 1
    assert state(row) == ("sent", 2, "")
    assert [message.to for message in fake.messages] == [["asha@example.com"]]


def test_retry_carries_the_same_id_and_the_same_code(
    user: User, server: Callable[..., FakeServer], clock: Any
) -> None:
    row = code(user)
    digits = otp.digits(row)
    # The server has taken the mail, but its answer is lost.
    fake = server(lambda: None)
    delivery.deliver_due()
    set_columns(row, status="queued")()
    clock.shift(timedelta(seconds=61))
    delivery.deliver_due()
    first, second = fake.messages
    assert first.message()["Message-ID"] == second.message()["Message-ID"] == row.message_id
    assert first.body == second.body
    assert f"\n    {digits}\n" in first.body


def test_code_is_tried_until_it_runs_out(
    user: User, server: Callable[..., FakeServer], clock: Any, settings: Settings
) -> None:
    server(forever=smtplib.SMTPServerDisconnected("gone"))
    row = code(user)
    row.refresh_from_db()
    while row.status == "queued":
        delivery.deliver_due()
        row.refresh_from_db()
        assert row.next_attempt_at - now() <= timedelta(seconds=30)
        clock.move_to(row.next_attempt_at, tick=False)
    assert state(row) == ("expired", row.attempts, "SMTPServerDisconnected")
    assert row.attempts > settings.OTP_LIFETIME / timedelta(seconds=30)
    assert row.created_at + settings.OTP_LIFETIME <= now()


def test_code_that_lives_for_days_is_given_up_all_the_same(
    user: User, server: Callable[..., FakeServer], settings: Settings, clock: Any
) -> None:
    settings.OTP_LIFETIME = timedelta(days=30)
    server(forever=smtplib.SMTPServerDisconnected("gone"))
    row = code(user)
    for _ in range(backoff.CODE_MAX_ATTEMPTS + 10):
        delivery.deliver_due()
        clock.shift(timedelta(seconds=30))
    assert state(row) == ("failed", backoff.CODE_MAX_ATTEMPTS, "SMTPServerDisconnected")


def test_notice_is_given_up_after_the_last_attempt(
    user: User, server: Callable[..., FakeServer], settings: Settings, clock: Any
) -> None:
    fake = server(forever=ConnectionRefusedError(111, "refused"))
    row = notice(user)
    for attempt in range(1, settings.MAIL_MAX_ATTEMPTS):
        delivery.deliver_due()
        assert state(row) == ("queued", attempt, "ConnectionRefusedError")
        clock.shift(timedelta(hours=1))
    delivery.deliver_due()
    assert state(row) == ("failed", settings.MAIL_MAX_ATTEMPTS, "ConnectionRefusedError")
    fake.forever = None
    clock.shift(timedelta(days=1))
    assert delivery.deliver_due() == 0


@pytest.mark.parametrize(
    ("column", "status"), [("voided_at", "replaced"), ("used_at", "replaced"), ("expires_at", "expired")]
)
def test_dead_code_is_never_sent(user: User, column: str, status: str) -> None:
    row = code(user)
    set_columns(row, **{column: now()})()
    assert delivery.deliver_due() == 0
    assert outgoing.outbox == []
    assert state(row) == (status, 0, "")


def test_replaced_code_is_not_sent_and_the_new_one_is(user: User) -> None:
    old, new = code(user), code(user)
    assert delivery.deliver_due() == 1
    assert (state(old)[0], state(new)[0]) == ("replaced", "sent")
    assert otp.digits(new) in str(outgoing.outbox[0].body)


@pytest.mark.parametrize(
    ("column", "status"), [("voided_at", "replaced"), ("used_at", "replaced"), ("expires_at", "expired")]
)
def test_code_that_dies_after_the_claim_is_not_sent(
    user: User, server: Callable[..., FakeServer], column: str, status: str
) -> None:
    notice(user)
    row = code(user)
    fake = server(set_columns(row, **{column: now()}))
    assert delivery.deliver_due() == 1
    assert [message.subject.partition(": ")[2] for message in fake.messages] == ["your password was changed"]
    assert state(row) == (status, 1, "")


def test_code_of_an_unknown_key_is_never_sent(user: User, settings: Settings) -> None:
    row = code(user)
    settings.SECRET_KEY = "another-key-that-did-not-make-the-code"
    assert delivery.deliver_due() == 0
    assert state(row) == ("failed", 0, "UnknownKey")


def test_one_mail_that_cannot_be_rendered_does_not_stop_the_others(user: User, settings: Settings) -> None:
    poison = notice(user)
    set_columns(poison, context={"time": "no time"})()
    others = [notice(user) for _ in range(settings.MAIL_BATCH)]
    assert delivery.deliver_due() == len(others)
    assert state(poison) == ("queued", 1, "ValueError")
    assert {state(other)[0] for other in others} == {"sent"}


def test_worker_that_lost_its_lease_while_sending_changes_nothing(
    user: User, server: Callable[..., FakeServer]
) -> None:
    row = notice(user)
    fake = server(set_columns(row, attempts=2))
    assert delivery.deliver_due() == 1
    assert len(fake.messages) == 1
    assert state(row) == ("sending", 2, "")
    assert row.sent_at is None


def test_worker_that_lost_its_lease_while_failing_changes_nothing(
    user: User, server: Callable[..., FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = notice(user)

    def be_late() -> None:
        set_columns(row, attempts=2)()
        raise smtplib.SMTPServerDisconnected("gone")

    server(be_late)
    delivery.deliver_due()
    assert state(row) == ("sending", 2, "")


def test_mail_that_another_worker_took_meanwhile_is_left_to_it(
    user: User, server: Callable[..., FakeServer]
) -> None:
    notice(user)
    row = notice(user)
    fake = server(set_columns(row, attempts=2))
    assert delivery.deliver_due() == 1
    assert len(fake.messages) == 1
    assert state(row) == ("sending", 2, "")


def test_lease_begins_anew_for_each_mail_of_a_batch(
    user: User, server: Callable[..., FakeServer], settings: Settings, clock: Any
) -> None:
    def take_long() -> None:
        clock.shift(settings.MAIL_LEASE * 0.9)
        assert lease.claim(at=now()) == []

    notice(user)
    server(take_long)
    assert delivery.deliver_due() == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (smtplib.SMTPRecipientsRefused({"asha@example.com": (550, b"unknown")}), "failed"),
        (smtplib.SMTPRecipientsRefused({"asha@example.com": (450, b"greylisted")}), "queued"),
        (smtplib.SMTPSenderRefused(550, b"not you", "us@example.com"), "queued"),
    ],
)
def test_refused_recipient_is_final(
    user: User, server: Callable[..., FakeServer], error: Exception, status: str
) -> None:
    server(error)
    row = code(user)
    delivery.deliver_due()
    assert state(row)[:2] == (status, 1)


def test_what_is_kept_and_logged_of_an_error_holds_no_code(
    user: User, server: Callable[..., FakeServer], caplog: pytest.LogCaptureFixture
) -> None:
    row = code(user)
    digits = otp.digits(row)
    server(smtplib.SMTPDataError(554, f"spam: {digits}".encode()))
    delivery.deliver_due()
    assert state(row) == ("failed", 1, "SMTPDataError 554")
    assert caplog.messages == [f"Mail {row.pk} (password_reset_code), attempt 1: SMTPDataError 554"]


def test_stopped_worker_finishes_the_mail_in_hand_and_gives_the_rest_back(
    user: User, server: Callable[..., FakeServer]
) -> None:
    first, second = notice(user), notice(user)
    stop = threading.Event()
    server(stop.set)
    assert delivery.deliver_due(stop=stop) == 1
    assert (state(first), state(second)) == (("sent", 1, ""), ("queued", 0, ""))
    assert delivery.deliver_due() == 1


def test_admin_sends_a_failed_mail_again(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    row = notice(user)
    set_columns(row, status="failed", attempts=8, last_error="ConnectionRefusedError")()
    outbox.wake_up.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert delivery.send_again(row)
    assert outbox.wake_up.is_set()
    assert state(row) == ("queued", 0, "")
    assert delivery.deliver_due() == 1


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "expired", "replaced"])
def test_only_a_failed_mail_is_sent_again(user: User, status: str) -> None:
    row = notice(user)
    set_columns(row, status=status, attempts=3)()
    assert not delivery.send_again(row)
    assert state(row) == (status, 3, "")


@pytest.mark.parametrize("column", ["voided_at", "used_at", "expires_at"])
def test_dead_code_is_not_sent_again(user: User, column: str) -> None:
    row = code(user)
    set_columns(row, status="failed", **{column: now()})()
    row.refresh_from_db()
    assert not delivery.send_again(row)
    assert state(row)[0] == "failed"


def test_live_code_is_sent_again(user: User) -> None:
    row = code(user)
    set_columns(row, status="failed", attempts=8)()
    assert delivery.send_again(row)
    assert state(row) == ("queued", 0, "")


def leave_connections_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test before may have left one open, and those of a worker's loop may not touch it."""
    monkeypatch.setattr(connections, "close_all", lambda: None)
    monkeypatch.setattr(delivery, "close_old_connections", lambda: None)


def run_rounds(monkeypatch: pytest.MonkeyPatch, outcomes: list[Exception | None]) -> None:
    """A worker whose rounds end like this, one after the other; then it is stopped."""
    stop = threading.Event()

    def round_of_deliveries(*, stop: threading.Event) -> int:
        outcome = outcomes.pop(0)
        if not outcomes:
            stop.set()
        if outcome is not None:
            raise outcome
        return 0

    monkeypatch.setattr(delivery, "deliver_due", round_of_deliveries)
    leave_connections_alone(monkeypatch)
    delivery.run_until(stop)
    assert outcomes == []


def test_database_that_is_away_stops_no_worker_and_is_logged_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.MAIL_POLL = timedelta(0)
    away = OperationalError("connection to server failed:\n\tConnection refused")
    run_rounds(monkeypatch, [away, away, away, None, away])
    assert caplog.messages == ["Mail worker: OperationalError. It keeps trying."] * 2
    assert not any(record.exc_info for record in caplog.records)


def test_worker_that_was_woken_waits_again(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.MAIL_POLL = timedelta(seconds=0.2)
    outbox.wake_up.set()
    began = time.monotonic()
    run_rounds(monkeypatch, [None, None])
    assert time.monotonic() - began >= 0.2


def test_worker_waits_no_longer_than_the_poll_and_wakes_at_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.MAIL_POLL = timedelta(seconds=60)
    rounds: list[datetime] = []
    stop = threading.Event()

    def round_of_deliveries(*, stop: threading.Event) -> int:
        rounds.append(now())
        if len(rounds) == 3:
            stop.set()
        outbox.wake_up.set()  # a mail was queued while the round was on its way
        return 0

    monkeypatch.setattr(delivery, "deliver_due", round_of_deliveries)
    leave_connections_alone(monkeypatch)
    delivery.run_until(stop)
    assert len(rounds) == 3
    assert rounds[-1] - rounds[0] < timedelta(seconds=5)
