"""Signing in and out: decided under the account's row, recorded whatever comes of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from config.http.refusals import Refusal
from userprofile import hashers
from userprofile.client import Client
from userprofile.clock import now
from userprofile.exceptions import (
    AccountLocked,
    AccountLockedNow,
    InvalidCredentials,
    InvalidCredentialsLocked,
    InvalidCredentialsWithCount,
    UserDoesNotExist,
    UserIsNotAuthenticated,
)
from userprofile.journeys import login
from userprofile.mechanisms import accounts
from userprofile.models import Decoy, EmailsLogs, LoginActivity, User

pytestmark = pytest.mark.django_db

CLIENT = Client(ip_address="192.0.2.1", user_agent="Mozilla/5.0")
START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
NOBODY = "nobody@example.com"


@pytest.fixture(autouse=True)
def frozen(clock: Any) -> Any:
    return clock


def enter(email: str, password: str, **options: Any) -> LoginActivity:
    return login.sign_in(email=email, password=password, client=CLIENT, **options)


def fail(email: str, times: int, enter: Callable[..., object] = enter) -> Refusal:
    """The refusal of the last of so many wrong passwords."""
    refusals = []
    for _ in range(times):
        with pytest.raises(Refusal) as refusal:
            enter(email, "wrong")
        refusals.append(refusal.value)
    return refusals[-1]


def attempts() -> list[str]:
    return list(LoginActivity.objects.order_by("id").values_list("attempt_name", flat=True))


# --- Signing in -------------------------------------------------------------------------------


def test_session_brings_its_user_and_its_lifetimes(user: User, password: str, settings: Settings) -> None:
    session = enter(user.email, password)
    assert session.user == user
    assert session.user is not None
    assert (session.created_at, session.refreshed_at, session.logout_time) == (START, START, None)
    assert session.access_expires_at == START + settings.ACCESS_TOKEN_LIFETIME
    assert session.refresh_expires_at == START + settings.REFRESH_TOKEN_LIFETIME
    assert (session.ip_address, session.user_agent) == ("192.0.2.1", "Mozilla/5.0")
    assert session.user.last_login == START


def test_each_failure_knows_how_many_are_left(user: User, settings: Settings) -> None:
    for left in range(settings.LOGIN_MAX_FAILURES - 1, 0, -1):
        refusal = fail(user.email, 1)
        assert isinstance(refusal, InvalidCredentials)
        assert refusal.attempts_remaining == left


def test_failure_that_locks_is_told_from_those_after_it(user: User, settings: Settings) -> None:
    assert type(fail(user.email, settings.LOGIN_MAX_FAILURES)) is AccountLockedNow
    assert type(fail(user.email, 1)) is AccountLocked
    assert attempts() == [
        *["login_failed"] * (settings.LOGIN_MAX_FAILURES - 1),
        "login_locked",
        "login_locked",
    ]


def test_lock_is_told_to_the_owner_once(
    user: User, mails_to: Callable[[User], list[str]], settings: Settings
) -> None:
    fail(user.email, settings.LOGIN_MAX_FAILURES + 2)
    assert mails_to(user) == ["account_locked"]
    assert EmailsLogs.objects.get().context["ip_address"] == "192.0.2.1"


def test_right_password_is_refused_during_a_lock(user: User, password: str, settings: Settings) -> None:
    fail(user.email, settings.LOGIN_MAX_FAILURES)
    with pytest.raises(AccountLocked):
        enter(user.email, password)
    user.refresh_from_db()
    assert user.last_login is None


def test_attempt_during_a_lock_moves_neither_count_nor_time(
    user: User, password: str, frozen: Any, settings: Settings
) -> None:
    fail(user.email, settings.LOGIN_MAX_FAILURES)
    frozen.shift(timedelta(hours=1))
    fail(user.email, 2)
    user.refresh_from_db()
    assert (user.sign_in_failures, user.sign_in_locked_at) == (settings.LOGIN_MAX_FAILURES, START)


def test_lock_lapses_after_its_duration(user: User, password: str, frozen: Any, settings: Settings) -> None:
    settings.LOCK_DURATION = timedelta(minutes=15)
    fail(user.email, settings.LOGIN_MAX_FAILURES)
    frozen.shift(timedelta(minutes=15) - timedelta(seconds=1))
    with pytest.raises(AccountLocked):
        enter(user.email, password)
    frozen.shift(timedelta(seconds=1))
    assert enter(user.email, password).user == user
    user.refresh_from_db()
    assert (user.sign_in_failures, user.sign_in_locked_at) == (0, None)


def test_unknown_address_is_counted_on_a_decoy_and_tells_nothing(settings: Settings) -> None:
    refusal = fail(NOBODY, settings.LOGIN_MAX_FAILURES + 1)
    assert isinstance(refusal, InvalidCredentials)
    assert refusal.attempts_remaining is None
    assert Decoy.objects.get().sign_in_failures == settings.LOGIN_MAX_FAILURES
    assert EmailsLogs.objects.count() == 0


def test_what_is_no_address_is_kept_nowhere() -> None:
    """It may be a password, typed into the wrong field of a form."""
    fail("Violet-Kite7", 1)
    fail(f" {NOBODY} ", 1)
    assert list(LoginActivity.objects.order_by("id").values_list("email", flat=True)) == ["", NOBODY]


def test_decoys_lock_is_seen_where_enumeration_is_prevented(settings: Settings) -> None:
    settings.PREVENT_ENUMERATION = True
    assert type(fail(NOBODY, settings.LOGIN_MAX_FAILURES)) is AccountLockedNow
    assert type(fail(NOBODY, 1)) is AccountLocked


def test_every_outcome_of_a_known_and_an_unknown_address_costs_as_many_statements(
    user: User, settings: Settings
) -> None:
    settings.PREVENT_ENUMERATION = True
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        assert _cost(user.email) == _cost(NOBODY) == 4
    _cost(user.email), _cost(NOBODY)
    assert _cost(user.email) == _cost(NOBODY) == 3


def _cost(email: str) -> int:
    with CaptureQueriesContext(connection) as statements:
        fail(email, 1)
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return sum(not query["sql"].startswith(control) for query in statements.captured_queries)


def test_failure_is_committed_before_it_is_refused(user: User, settings: Settings) -> None:
    """An exception that passed through the transaction would undo the count."""
    with pytest.raises(InvalidCredentials):
        enter(user.email, "wrong")
    assert not connection.needs_rollback
    user.refresh_from_db()
    assert (user.sign_in_failures, attempts()) == (1, ["login_failed"])


# --- What changes while the password is being hashed ------------------------------------------


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Something happens between the hashing and the decision, the first time only."""
    verify, left = hashers.verify, [happens]

    def slow(password: str, encoded: str | None) -> tuple[bool, bool]:
        result = verify(password, encoded)
        if left:
            left.pop()()
        return result

    monkeypatch.setattr(hashers, "verify", slow)


def test_old_password_does_not_outlive_a_reset(
    user: User, password: str, new_password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_hash = hashers.hash_password(new_password)
    meanwhile(monkeypatch, lambda: User.objects.filter(pk=user.pk).update(password=new_hash))
    with pytest.raises(InvalidCredentials):
        enter(user.email, password)
    assert attempts() == ["login_failed"]


def test_right_password_survives_an_upgrade_of_its_hash(
    user: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_hash = hashers.hash_password(password)
    meanwhile(monkeypatch, lambda: User.objects.filter(pk=user.pk).update(password=new_hash))
    assert enter(user.email, password).user == user
    assert attempts() == ["login_success"]


def test_lock_that_came_first_refuses_the_right_password(
    user: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: User.objects.filter(pk=user.pk).update(sign_in_locked_at=START))
    with pytest.raises(AccountLocked):
        enter(user.email, password)


@pytest.mark.parametrize("gone", ["deactivated", "deleted"])
def test_user_who_is_gone_by_then_is_unknown(
    gone: str, user: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = User.objects.filter(pk=user.pk)
    meanwhile(monkeypatch, rows.delete if gone == "deleted" else lambda: rows.update(is_active=False))
    with pytest.raises(InvalidCredentials) as refusal:
        enter(user.email, password)
    assert refusal.value.attempts_remaining is None
    assert LoginActivity.objects.get().user is None


# --- Old hashes -------------------------------------------------------------------------------


def test_old_hash_is_replaced_after_the_outcome_is_recorded(user: User, password: str) -> None:
    User.objects.filter(pk=user.pk).update(password=make_password(password, hasher="pbkdf2_sha256"))
    session = enter(user.email, password)
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$")
    assert session.user is not None
    assert session.user.password == user.password
    assert session.logout_time is None


def test_upgrade_never_overwrites_a_newer_password(
    user: User, password: str, new_password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.filter(pk=user.pk).update(password=make_password(password, hasher="pbkdf2_sha256"))
    newer, hash_password = make_password(new_password), hashers.hash_password

    def slow(plain: str) -> str:
        User.objects.filter(pk=user.pk).update(password=newer)
        return hash_password(plain)

    monkeypatch.setattr(hashers, "hash_password", slow)
    enter(user.email, password)
    user.refresh_from_db()
    assert user.password == newer


# --- Doors with wishes of their own -----------------------------------------------------------


def test_door_for_staff_refuses_others_without_counting(user: User, password: str, staff: User) -> None:
    with pytest.raises(InvalidCredentials):
        enter(user.email, password, staff_only=True)
    user.refresh_from_db()
    assert (user.sign_in_failures, user.last_login, attempts()) == (0, None, ["login_failed"])
    assert enter(staff.email, password, staff_only=True).user == staff


def test_door_that_counts_words_each_refusal(user: User, settings: Settings) -> None:
    def enter_with_count(email: str, password: str) -> LoginActivity:
        return login.sign_in_with_count(email=email, password=password, client=CLIENT)

    told = [fail(user.email, 1, enter_with_count) for _ in range(settings.LOGIN_MAX_FAILURES + 1)]
    assert [type(refusal) for refusal in told] == [
        *[InvalidCredentialsWithCount] * (settings.LOGIN_MAX_FAILURES - 1),
        InvalidCredentialsLocked,
        AccountLocked,
    ]
    assert str(told[0]) == "Invalid credentials. 2 attempts remaining."
    assert type(fail(NOBODY, 1, enter_with_count)) is UserDoesNotExist


def test_confirmed_password_opens_no_session(user: User, password: str) -> None:
    login.confirm_password(user=user, password=password, client=CLIENT)
    (row,) = LoginActivity.objects.all()
    assert (row.attempt_name, row.logout_time) == ("login_success", START)


def test_refuted_password_counts_like_at_a_door(user: User, settings: Settings) -> None:
    def confirm(email: str, password: str) -> None:
        login.confirm_password(user=user, password=password, client=CLIENT)

    assert isinstance(fail(user.email, settings.LOGIN_MAX_FAILURES - 1, confirm), InvalidCredentials)
    assert isinstance(fail(user.email, 1, confirm), AccountLocked)
    with pytest.raises(AccountLocked):
        enter(user.email, "Violet-Kite7")


# --- Signing out ------------------------------------------------------------------------------


def test_sign_out_ends_the_session_and_marks_the_user(user: User, password: str, frozen: Any) -> None:
    session, other = enter(user.email, password), enter(user.email, password)
    frozen.shift(timedelta(minutes=1))
    login.sign_out(session_id=session.pk, at=now())
    user.refresh_from_db()
    assert user.logout == START + timedelta(minutes=1)
    times = dict(LoginActivity.objects.values_list("id", "logout_time"))
    assert times == {session.pk: user.logout, other.pk: None}


def test_sign_out_ends_the_session_beside_it(user: User, password: str) -> None:
    first, second, third = (enter(user.email, password) for _ in range(3))
    login.sign_out(session_id=first.pk, beside=second.pk, at=now())
    assert list(LoginActivity.objects.filter(logout_time=None)) == [third]


def test_only_an_open_session_can_be_signed_out(user: User, password: str, settings: Settings) -> None:
    session = enter(user.email, password)
    fail(user.email, 1)
    failed = LoginActivity.objects.get(attempt_name="login_failed")
    login.sign_out(session_id=session.pk, at=now())
    for session_id in (session.pk, failed.pk, 0, 2**35):
        with pytest.raises(UserIsNotAuthenticated):
            login.sign_out(session_id=session_id, at=now())


def test_expired_session_cannot_be_signed_out(user: User, password: str, settings: Settings) -> None:
    session = enter(user.email, password)
    with pytest.raises(UserIsNotAuthenticated):
        login.sign_out(session_id=session.pk, at=START + settings.REFRESH_TOKEN_LIFETIME)
    user.refresh_from_db()
    assert user.logout is None


def test_refused_sign_out_ends_nothing_beside_it(user: User, password: str) -> None:
    session = enter(user.email, password)
    with pytest.raises(UserIsNotAuthenticated):
        login.sign_out(session_id=0, beside=session.pk, at=now())
    session.refresh_from_db()
    assert session.logout_time is None


def test_logout_without_a_row_gets_one(user: User) -> None:
    login.log_sign_out(user=user, client=CLIENT, at=START)
    row = LoginActivity.objects.values().get()
    user.refresh_from_db()
    assert user.logout == START
    assert {name: row[name] for name in ("user_id", "email", "ip_address", "user_agent", "attempt_name")} == {
        "user_id": user.pk,
        "email": user.email,
        "ip_address": "192.0.2.1",
        "user_agent": "Mozilla/5.0",
        "attempt_name": "logout",
    }
    assert (row["created_at"], row["logout_time"]) == (START, START)


def test_account_taken_is_the_users_or_its_decoys(user: User) -> None:
    assert accounts.find_user(user.email) == user
    assert accounts.find_user(NOBODY) is None
