"""The outbox: a mail commits with the change that caused it, or not at all."""

import contextlib
import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from userprofile.clock import now
from userprofile.mechanisms import otp, outbox
from userprofile.models import EmailsLogs, User


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("Asha@Example.com", password=None)


@pytest.fixture(autouse=True)
def nothing_to_hurry_for() -> None:
    outbox.wake_up.clear()


class Undo(Exception):
    """Ends a transaction the wrong way."""


def test_mail_of_a_change_that_is_undone_does_not_exist(user: User) -> None:
    with contextlib.suppress(Undo), transaction.atomic():
        outbox.queue_notice(user=user, template="password_changed", at=now())
        raise Undo
    assert not EmailsLogs.objects.exists()
    assert not outbox.wake_up.is_set()


def test_commit_wakes_the_worker_and_not_before(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        outbox.queue_notice(user=user, template="password_changed", at=now())
        assert not outbox.wake_up.is_set()
    assert outbox.wake_up.is_set()


def test_notice_keeps_when_and_where_from(user: User) -> None:
    at = now()
    row = outbox.queue_notice(
        user=user,
        template="email_changed",
        at=at,
        ip_address="203.0.113.9",
        to_email="old@example.com",
        new_email="new@example.com",
    )
    row.refresh_from_db()
    assert row.context == {
        "time": at.isoformat(),
        "ip_address": "203.0.113.9",
        "new_email": "new@example.com",
    }
    assert (row.to_email, row.template, row.status, row.attempts) == (
        "old@example.com",
        "email_changed",
        "queued",
        0,
    )
    assert (row.created_at, row.next_attempt_at, row.expires_at, row.nonce) == (at, at, None, "")


def test_mail_goes_to_the_stored_address_by_default(user: User) -> None:
    assert (
        outbox.queue_notice(user=user, template="password_changed", at=now()).to_email == "Asha@example.com"
    )


def test_every_mail_has_an_id_of_its_own_in_our_domain(user: User) -> None:
    settings_domain = settings.DEFAULT_FROM_EMAIL.rstrip(">").rpartition("@")[2]
    rows = [outbox.queue_notice(user=user, template="password_changed", at=now()) for _ in range(5)]
    assert len({row.message_id for row in rows}) == 5
    for row in rows:
        assert re.fullmatch(rf"<[0-9a-f]{{32}}@{re.escape(settings_domain)}>", row.message_id)


def test_the_outbox_holds_no_digits_of_a_code(user: User) -> None:
    row = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    kept = EmailsLogs.objects.filter(pk=row.pk).values().get()
    texts = [str(kept[column]) for column in ("context", "last_error", "template", "to_email")]
    assert not any(otp.digits(row) in text for text in texts)
    assert not {"otp", "code", "digits"} & kept.keys()


def test_code_is_due_at_once_and_runs_out(user: User) -> None:
    at = now()
    row = otp.issue(user=user, purpose=otp.EMAIL_VALIDATION, at=at)
    assert (row.next_attempt_at, row.expires_at) == (at, at + settings.OTP_LIFETIME)
