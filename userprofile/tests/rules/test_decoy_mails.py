"""What an unknown address would have been mailed: never sent, never right, one of each kind."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from userprofile.mechanisms import accounts, lease, lockout, otp
from userprofile.mechanisms.otp import Verdict
from userprofile.models import Decoy, DecoyMail, EmailsLogs

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
PURPOSES = [otp.PASSWORD_RESET, otp.EMAIL_VALIDATION]


@pytest.fixture
def decoy(db: None) -> Decoy:
    return accounts.take_decoy(Decoy(bucket=7))


def judge(decoy: Decoy, purpose: str, entered: str = "000000", at: datetime = AT) -> Verdict:
    return otp.judge(otp.newest(user=decoy, purpose=purpose), entered, user=decoy, at=at)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_before_a_code_was_asked_for_every_entry_is_dead(decoy: Decoy, purpose: str) -> None:
    assert judge(decoy, purpose) is Verdict.DEAD


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_code_is_wrong_for_its_lifetime_and_dead_afterwards(
    decoy: Decoy, settings: Settings, purpose: str
) -> None:
    row = otp.issue(user=decoy, purpose=purpose, at=AT)
    end = AT + settings.OTP_LIFETIME
    for entered in ("000000", otp.digits(row)):  # even its own digits open nothing
        assert judge(decoy, purpose, entered) is Verdict.WRONG
        assert judge(decoy, purpose, entered, end - timedelta(microseconds=1)) is Verdict.WRONG
        assert judge(decoy, purpose, entered, end) is Verdict.DEAD


@pytest.mark.parametrize(("purpose", "other"), [PURPOSES, PURPOSES[::-1]])
def test_the_purposes_are_kept_apart(decoy: Decoy, purpose: str, other: str) -> None:
    otp.issue(user=decoy, purpose=purpose, at=AT)
    assert judge(decoy, other) is Verdict.DEAD


def test_a_new_code_takes_the_place_of_the_last_and_starts_its_tries_afresh(decoy: Decoy) -> None:
    first = otp.issue(user=decoy, purpose=otp.EMAIL_VALIDATION, at=AT)
    otp.record_failure(first)
    otp.issue(user=decoy, purpose=otp.EMAIL_VALIDATION, at=AT + timedelta(seconds=1))
    row = DecoyMail.objects.get()
    assert (row.failures, row.voided_at) == (0, None)
    assert row.nonce != first.nonce


def test_space_is_bounded_whatever_is_asked_for(decoy: Decoy) -> None:
    for _ in range(5):
        for purpose in PURPOSES:
            otp.issue(user=decoy, purpose=purpose, at=AT)
        lockout.announce(decoy, kind="reset", ip_address="203.0.113.9", at=AT)
    assert DecoyMail.objects.count() == 3


def test_no_worker_finds_one(decoy: Decoy) -> None:
    otp.issue(user=decoy, purpose=otp.PASSWORD_RESET, at=AT)
    assert not EmailsLogs.objects.exists()
    assert lease.claim(at=AT + timedelta(days=1)) == []


def test_no_address_is_kept(clock: Any, db: None, settings: Settings) -> None:
    settings.PREVENT_ENUMERATION = True
    Client().post("/userprofile/forget_password/", {"email": "nobody@example.com"})
    row = DecoyMail.objects.get()
    assert row.to_email == f"{row.user.bucket}@decoy.invalid"
