"""Waits between attempts, and when a mail is given up."""

import itertools
import smtplib
from datetime import timedelta

import pytest
from pytest_django import Settings

from userprofile.mechanisms import backoff
from userprofile.models import EmailsLogs

SWEEP = timedelta(seconds=5)  # of Celery's beat (config/celery.py); the mail worker looks each second


def waits(*, attempts: int, nonce: str = "") -> list[timedelta]:
    row = EmailsLogs(attempts=attempts, nonce=nonce)
    return [backoff.wait_after(row) for _ in range(200)]


@pytest.mark.parametrize("nonce", ["", "n"])
def test_first_retry_comes_within_ten_seconds_even_by_the_sweep(nonce: str) -> None:
    found = waits(attempts=1, nonce=nonce)
    assert timedelta(seconds=2) <= min(found) < max(found) <= timedelta(seconds=10) - SWEEP


def test_code_is_tried_again_within_half_a_minute_however_often(settings: Settings) -> None:
    hanging = timedelta(seconds=settings.EMAIL_TIMEOUT)
    for attempts in range(1, backoff.CODE_MAX_ATTEMPTS):
        assert hanging + max(waits(attempts=attempts, nonce="n")) + SWEEP <= timedelta(seconds=30)


def test_waits_of_a_notice_grow_to_an_hour_and_no_further() -> None:
    longest = [max(waits(attempts=attempts)) for attempts in range(1, 41)]
    for before, after in itertools.pairwise(longest[:5]):
        assert after > 2 * before
    assert timedelta(minutes=55) < longest[-1] <= max(longest) <= timedelta(hours=1)


def test_waits_are_spread() -> None:
    found = waits(attempts=20)
    assert len(set(found)) > 100
    assert min(found) < timedelta(minutes=35)


def test_notice_has_the_attempts_of_the_setting_and_a_code_has_more(settings: Settings) -> None:
    settings.MAIL_MAX_ATTEMPTS = 5
    assert backoff.max_attempts(EmailsLogs()) == 5
    assert backoff.max_attempts(EmailsLogs(nonce="n")) == backoff.CODE_MAX_ATTEMPTS > 5
    longest = (
        backoff.LONGEST_WAIT_OF_A_CODE * backoff.CODE_MAX_ATTEMPTS / 2
    )  # the waits are half of it or more
    assert longest > settings.OTP_LIFETIME


REFUSED = {"asha@example.com": (550, b"no such user 012345")}
BUSY = {"asha@example.com": (451, b"greylisted")}


@pytest.mark.parametrize(
    ("error", "is_permanent", "summary"),
    [
        (smtplib.SMTPRecipientsRefused(REFUSED), True, "SMTPRecipientsRefused 550"),
        (smtplib.SMTPRecipientsRefused(BUSY), False, "SMTPRecipientsRefused 451"),
        (smtplib.SMTPDataError(554, b"spam: 012345"), True, "SMTPDataError 554"),
        (smtplib.SMTPDataError(451, b"later"), False, "SMTPDataError 451"),
        (smtplib.SMTPSenderRefused(553, b"who", "us@example.com"), False, "SMTPSenderRefused 553"),
        (smtplib.SMTPAuthenticationError(535, b"no"), False, "SMTPAuthenticationError 535"),
        (smtplib.SMTPServerDisconnected("gone 012345"), False, "SMTPServerDisconnected"),
        (ConnectionRefusedError(111, "refused"), False, "ConnectionRefusedError"),
        (ValueError("012345"), False, "ValueError"),
    ],
)
def test_only_a_refused_recipient_or_message_is_final(
    error: Exception, is_permanent: bool, summary: str
) -> None:
    assert backoff.is_permanent(error) is is_permanent
    assert backoff.summary(error) == summary
