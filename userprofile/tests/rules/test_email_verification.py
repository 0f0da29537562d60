"""Validating an address: a code of its own, whose tries are counted on it."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from userprofile.exceptions import OtpAttemptsExceeded, OtpExpired, OtpInvalid, OtpUsed, UserNotFound
from userprofile.journeys import email_verification
from userprofile.mechanisms import accounts, otp
from userprofile.models import DecoyMail, EmailsLogs, User

CodeOf = Callable[..., str]
NOBODY = "nobody@example.com"


@pytest.fixture
def right(user: User, code_of: CodeOf) -> str:
    email_verification.send_code(email=user.email)
    return code_of(user, otp.EMAIL_VALIDATION)


@pytest.fixture
def wrong(user: User, right: str, wrong_code_for: CodeOf) -> str:
    return wrong_code_for(user, otp.EMAIL_VALIDATION)


def confirm(user: User, code: str) -> None:
    email_verification.confirm(email=user.email, otp_entered=code)


def test_the_right_code_is_spent_and_verifies(user: User, right: str) -> None:
    confirm(user, right)
    user.refresh_from_db()
    assert user.is_email_verified
    assert EmailsLogs.objects.get().used_at is not None
    with pytest.raises(OtpUsed):
        confirm(user, right)


def test_a_verified_user_may_verify_again(user: User, right: str) -> None:
    User.objects.update(is_email_verified=True)
    confirm(user, right)


def test_a_try_outlives_its_refusal_and_the_last_one_kills_the_code(
    user: User, right: str, wrong: str, settings: Settings
) -> None:
    for tries in range(1, settings.OTP_MAX_FAILURES):
        with pytest.raises(OtpInvalid):
            confirm(user, wrong)
        assert EmailsLogs.objects.get().failures == tries
    for code in (wrong, wrong, right):
        with pytest.raises(OtpAttemptsExceeded):
            confirm(user, code)
    assert EmailsLogs.objects.get().failures == settings.OTP_MAX_FAILURES


def test_an_expired_code_counts_no_tries(
    clock: Any, user: User, right: str, wrong: str, settings: Settings
) -> None:
    clock.shift(settings.OTP_LIFETIME)
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        with pytest.raises(OtpExpired):
            confirm(user, right)
        with pytest.raises(OtpInvalid):
            confirm(user, wrong)


def test_nobody_can_neither_ask_nor_confirm(db: None) -> None:
    with pytest.raises(UserNotFound):
        email_verification.send_code(email=NOBODY)
    with pytest.raises(UserNotFound):
        email_verification.confirm(email=NOBODY, otp_entered="123456")


def test_who_is_deactivated_meanwhile_is_unknown(
    user: User, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "find_account", lambda email: user)
    User.objects.update(is_active=False)
    with pytest.raises(UserNotFound):
        confirm(user, right)


def test_a_decoy_counts_like_a_code(db: None, settings: Settings) -> None:
    settings.PREVENT_ENUMERATION = True
    email_verification.send_code(email=NOBODY)
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        with pytest.raises(OtpInvalid):
            email_verification.confirm(email=NOBODY, otp_entered="123456")
    for _ in range(2):
        with pytest.raises(OtpAttemptsExceeded):
            email_verification.confirm(email=NOBODY, otp_entered="123456")
    assert DecoyMail.objects.get().failures == settings.OTP_MAX_FAILURES
    email_verification.send_code(email=NOBODY)
    with pytest.raises(OtpInvalid):
        email_verification.confirm(email=NOBODY, otp_entered="123456")
