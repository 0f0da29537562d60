"""What operators read of codes, locks and blocks: one line each, users by id, decoys apart."""

from collections.abc import Callable

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from userprofile.clock import now
from userprofile.mechanisms import accounts, lockout, otp
from userprofile.mechanisms.accounts import Account
from userprofile.models import Decoy, User

Lines = Callable[[Callable[[], object]], list[str]]


@pytest.fixture
def lines(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Lines:
    """`lines(act)`: what is told once the transaction that acts is committed."""

    def read(act: Callable[[], object]) -> list[str]:
        caplog.clear()
        with django_capture_on_commit_callbacks(execute=True):
            act()
            assert caplog.records == []
        return [record.getMessage() for record in caplog.records if record.name == "userprofile.event"]

    return read


@pytest.fixture(params=["user", "decoy"])
def account(request: pytest.FixtureRequest, user: User) -> Account:
    return user if request.param == "user" else accounts.take_decoy(Decoy(bucket=7))


def whose(account: Account) -> tuple[str, int | None]:
    return ("", account.pk) if isinstance(account, User) else (" (decoy)", None)


@pytest.mark.parametrize("purpose", [otp.PASSWORD_RESET, otp.EMAIL_VALIDATION])
def test_a_code_is_told_with_its_purpose(account: Account, purpose: str, lines: Lines) -> None:
    decoy, user_id = whose(account)
    told = lines(lambda: otp.issue(user=account, purpose=purpose, at=now()))
    assert told == [f"event=code purpose={purpose}{decoy} user_id={user_id}"]


@pytest.mark.parametrize("kind", ["sign_in", "reset"])
def test_a_lock_is_told_with_its_kind(account: Account, kind: str, lines: Lines) -> None:
    decoy, user_id = whose(account)
    told = lines(lambda: lockout.announce(account, kind=kind, ip_address=None, at=now()))
    assert told == [f"event=lock kind={kind}{decoy} user_id={user_id}"]


def test_a_block_is_told_and_the_requests_before_it_are_not(
    account: Account, lines: Lines, settings: Settings
) -> None:
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        assert lines(lambda: lockout.record_code_request(account, at=now())) == []
    told = lines(lambda: lockout.record_code_request(account, at=now()))
    assert told == [f"event=block user_id={whose(account)[1]}"]
