"""What each failure and each resend does to the counters, and when a lock or a block may end."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from userprofile.clock import now
from userprofile.mechanisms import accounts, lockout
from userprofile.mechanisms.accounts import Account
from userprofile.models import Decoy, User

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture(params=["user", "decoy"])
def account(request: pytest.FixtureRequest, user: User) -> Account:
    """Whatever holds for a user holds for the stand-in of an unknown address."""
    return user if request.param == "user" else accounts.take_decoy(Decoy(bucket=7))


def stored(account: Account) -> Account:
    return type(account)._base_manager.get(pk=account.pk)


# --- Locks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "age", "holds"),
    [
        (timedelta(0), timedelta(0), True),
        (timedelta(0), timedelta(days=3650), True),
        (HOUR, timedelta(0), True),
        (HOUR, HOUR - SECOND, True),
        (HOUR, HOUR, False),
        (HOUR, 2 * HOUR, False),
    ],
)
@pytest.mark.parametrize("column", ["sign_in_locked_at", "reset_locked_at"])
def test_a_lock_holds_for_its_duration_or_for_ever(
    user: User, settings: Settings, column: str, duration: timedelta, age: timedelta, holds: bool
) -> None:
    settings.LOCK_DURATION = duration
    locked_at = AT - age
    assert lockout.is_in_force(locked_at, at=AT) is holds
    accounts.write(user, **{column: locked_at})
    assert User.objects.filter(lockout.in_force(column, at=AT)).exists() is holds


@pytest.mark.parametrize("duration", [timedelta(0), HOUR])
def test_without_a_lock_none_is_in_force(user: User, settings: Settings, duration: timedelta) -> None:
    settings.LOCK_DURATION = duration
    assert not lockout.is_in_force(None, at=AT)
    assert not User.objects.filter(lockout.in_force("sign_in_locked_at", at=AT)).exists()


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_the_last_wrong_password_allowed_locks(account: Account, settings: Settings, limit: int) -> None:
    settings.LOGIN_MAX_FAILURES = limit
    for failures in range(1, limit):
        accounts.write(account, **lockout.failed_sign_in(account, at=AT))
        assert (account.sign_in_failures, account.sign_in_locked_at) == (failures, None)
    assert lockout.failed_sign_in(account, at=AT) == {"sign_in_failures": limit, "sign_in_locked_at": AT}


def test_the_first_wrong_password_after_a_lapsed_lock_is_the_first(
    account: Account, settings: Settings
) -> None:
    settings.LOCK_DURATION = HOUR
    accounts.write(account, sign_in_failures=settings.LOGIN_MAX_FAILURES, sign_in_locked_at=AT - 2 * HOUR)
    assert lockout.failed_sign_in(account, at=AT) == {"sign_in_failures": 1, "sign_in_locked_at": None}


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_the_last_wrong_code_allowed_locks(account: Account, settings: Settings, limit: int) -> None:
    settings.OTP_MAX_FAILURES = limit
    locked = [lockout.record_reset_failure(account, at=AT) for _ in range(limit)]
    assert locked == [False] * (limit - 1) + [True]
    assert (stored(account).reset_failures, stored(account).reset_locked_at) == (limit, AT)
    assert account.reset_locked_at == AT


def test_the_first_wrong_code_after_a_lapsed_lock_is_the_first(account: Account, settings: Settings) -> None:
    settings.LOCK_DURATION = HOUR
    accounts.write(account, reset_failures=settings.OTP_MAX_FAILURES, reset_locked_at=AT - 2 * HOUR)
    assert not lockout.record_reset_failure(account, at=AT)
    assert (stored(account).reset_failures, stored(account).reset_locked_at) == (1, None)


# --- Resends and the block --------------------------------------------------------------------


def ask(account: Account, at: datetime = AT) -> bool:
    return lockout.record_code_request(account, at=at)


def state(account: Account) -> tuple[int, datetime | None, datetime | None]:
    row = stored(account)
    return row.forget_password_attempts, row.last_code_requested_at, row.blocked_at


@pytest.mark.parametrize("limit", [1, 5])
def test_the_first_request_is_free_and_one_resend_too_many_blocks(
    account: Account, settings: Settings, limit: int
) -> None:
    settings.OTP_MAX_RESENDS = limit
    for resends in range(limit + 1):
        assert ask(account)
        assert state(account) == (resends, AT, None)
    assert not ask(account, AT + SECOND)
    assert state(account) == (limit, AT, AT + SECOND)


def test_each_accepted_request_moves_the_time(account: Account) -> None:
    ask(account)
    ask(account, AT + HOUR)
    assert state(account) == (1, AT + HOUR, None)


def test_the_count_lapses_after_its_time_without_an_accepted_request(
    account: Account, settings: Settings
) -> None:
    ask(account)
    ask(account)
    almost = AT + settings.UNBLOCK_AFTER - SECOND
    assert ask(account, almost)
    assert state(account) == (2, almost, None)
    later = almost + settings.UNBLOCK_AFTER
    assert ask(account, later)
    assert state(account) == (0, later, None)


def test_a_block_may_be_lifted_its_time_after_the_last_accepted_request(
    account: Account, settings: Settings
) -> None:
    accounts.write(account, last_code_requested_at=AT, blocked_at=AT + HOUR)
    end = AT + settings.UNBLOCK_AFTER
    assert not lockout.may_be_unblocked(account, at=end - SECOND)
    assert lockout.may_be_unblocked(account, at=end)


def test_a_block_without_a_request_runs_from_its_own_time(account: Account, settings: Settings) -> None:
    accounts.write(account, blocked_at=AT)
    end = AT + settings.UNBLOCK_AFTER
    assert not lockout.may_be_unblocked(account, at=end - SECOND)
    assert lockout.may_be_unblocked(account, at=end)


def test_a_lock_is_announced_to_its_owner_alone(account: Account, user: User, mails_to: object) -> None:
    lockout.announce(account, kind="reset", ip_address="192.0.2.7", at=now())
    mails = list(user.emails.values_list("template", "to_email", "context__ip_address"))
    assert mails == ([("account_locked", user.email, "192.0.2.7")] if account == user else [])
