"""The codes of addresses that nobody has: never right, counted for as long as a real one would live."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from userprofile.mechanisms import accounts, decoys, otp
from userprofile.mechanisms.otp import Verdict
from userprofile.models import Decoy, EmailsLogs

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
PURPOSES = [otp.PASSWORD_RESET, otp.EMAIL_VALIDATION]


@pytest.fixture
def decoy(db: None) -> Decoy:
    return accounts.take_decoy(Decoy(bucket=7))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_before_a_code_was_asked_for_every_entry_is_dead(decoy: Decoy, purpose: str) -> None:
    assert decoys.judge(decoy, purpose=purpose, at=AT) is Verdict.DEAD


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_code_is_wrong_for_its_lifetime_and_dead_afterwards(
    decoy: Decoy, settings: Settings, purpose: str
) -> None:
    decoys.issue(decoy, purpose=purpose, at=AT)
    row = Decoy.objects.get()
    end = AT + settings.OTP_LIFETIME
    assert decoys.judge(row, purpose=purpose, at=AT) is Verdict.WRONG
    assert decoys.judge(row, purpose=purpose, at=end - timedelta(microseconds=1)) is Verdict.WRONG
    assert decoys.judge(row, purpose=purpose, at=end) is Verdict.DEAD


@pytest.mark.parametrize(("purpose", "other"), [PURPOSES, PURPOSES[::-1]])
def test_the_purposes_are_kept_apart(decoy: Decoy, purpose: str, other: str) -> None:
    decoys.issue(decoy, purpose=purpose, at=AT)
    assert decoys.judge(decoy, purpose=other, at=AT) is Verdict.DEAD


def test_a_new_validation_code_starts_its_tries_afresh(decoy: Decoy) -> None:
    accounts.write(decoy, validation_failures=3)
    decoys.issue(decoy, purpose=otp.EMAIL_VALIDATION, at=AT)
    assert Decoy.objects.get().validation_failures == 0


def test_a_new_reset_code_leaves_the_accounts_count_alone(decoy: Decoy) -> None:
    accounts.write(decoy, reset_failures=2)
    decoys.issue(decoy, purpose=otp.PASSWORD_RESET, at=AT)
    assert Decoy.objects.get().reset_failures == 2


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_mail_goes_out(decoy: Decoy, purpose: str) -> None:
    decoys.issue(decoy, purpose=purpose, at=AT)
    assert not EmailsLogs.objects.exists()
