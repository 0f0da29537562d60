"""A user's details: who may see them, and what a change of address brings with it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from pytest_django import Settings

from userprofile.client import Client
from userprofile.clock import now
from userprofile.exceptions import (
    AccountLocked,
    FieldRefusal,
    ReauthenticationRequired,
    TooManyRequests,
    UserIdDoesNotExist,
)
from userprofile.journeys import profile
from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, LoginActivity, User
from userprofile.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

CLIENT = Client(ip_address="192.0.2.1")
START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
NEW = "new@example.com"
TAKEN_EMAIL = {"email": ["A user with that email already exists."]}
TAKEN_USERNAME = {"username": ["A user with that username already exists."]}


@pytest.fixture(autouse=True)
def frozen(clock: Any) -> Any:
    return clock


@pytest.fixture
def session(user: User) -> LoginActivity:
    return LoginActivity.objects.create(user=user, email=user.email, attempt_name="login_success")


def update(user: User, session: LoginActivity | None, password: str | None = None, **changes: Any) -> None:
    profile.update(user=user, changes=changes, session=session, current_password=password, client=CLIENT)


def refusal(user: User, session: LoginActivity | None, **changes: Any) -> dict[str, list[str]]:
    with pytest.raises(FieldRefusal) as refused:
        update(user, session, **changes)
    return refused.value.details


# --- Who --------------------------------------------------------------------------------------


def test_user_and_staff_find_it_and_nobody_else(
    user: User, staff: User, make_user: Callable[..., User]
) -> None:
    other = make_user("lee@example.com")
    assert profile.find(user_id=user.pk, viewer=user) == user
    assert profile.find(user_id=user.pk, viewer=staff) == user
    with pytest.raises(UserIdDoesNotExist):
        profile.find(user_id=user.pk, viewer=other)


@pytest.mark.parametrize("user_id", [0, -1, 10**6, 2**63, 10**30])
def test_unknown_id_is_not_found_by_staff_either(user_id: int, staff: User) -> None:
    with pytest.raises(UserIdDoesNotExist):
        profile.find(user_id=user_id, viewer=staff)


def test_deactivated_user_is_not_found(make_user: Callable[..., User], staff: User) -> None:
    gone = make_user("gone@example.com", is_active=False)
    with pytest.raises(UserIdDoesNotExist):
        profile.find(user_id=gone.pk, viewer=staff)


# --- Columns ----------------------------------------------------------------------------------


def test_given_columns_change_and_no_others(user: User, session: LoginActivity) -> None:
    before = User.objects.values().get(pk=user.pk)
    user.first_name = "Stale"  # the object is old; the row is what counts
    update(user, session, last_name="Lee")
    assert User.objects.values().get(pk=user.pk) == {**before, "last_name": "Lee"}


def test_nothing_to_change_is_no_fault(user: User, session: LoginActivity) -> None:
    before = User.objects.values().get(pk=user.pk)
    update(user, session)
    assert User.objects.values().get(pk=user.pk) == before


def test_all_or_none(user: User, session: LoginActivity, make_user: Callable[..., User]) -> None:
    make_user("lee@example.com", username="lee")
    assert refusal(user, session, first_name="Kim", email=NEW, username="lee") == TAKEN_USERNAME
    user.refresh_from_db()
    assert (user.first_name, user.email) == ("", "kim@example.com")
    assert EmailsLogs.objects.count() == 0


def test_value_taken_between_look_and_write_is_a_refusal(
    user: User, session: LoginActivity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collide(*_: object) -> None:
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr(profile, "apply", collide)
    assert refusal(user, session, username="lee") == TAKEN_USERNAME
    assert refusal(user, session, email=NEW) == TAKEN_USERNAME
    User.objects.create_user("other", NEW)
    monkeypatch.setattr(profile, "judge_address", lambda *_: None)
    assert refusal(user, session, email=NEW) == TAKEN_EMAIL


def test_user_deleted_meanwhile_does_not_exist(user: User, session: LoginActivity) -> None:
    User.objects.filter(pk=user.pk).delete()
    with pytest.raises(UserIdDoesNotExist):
        update(user, session, first_name="Kim")


# --- Names and addresses ----------------------------------------------------------------------


@pytest.mark.parametrize("username", ["lee", "LEE", "lee@example.com", "Lee@EXAMPLE.com"])
def test_username_is_neither_anothers_name_nor_anothers_address(
    username: str, user: User, session: LoginActivity, make_user: Callable[..., User]
) -> None:
    make_user("lee@example.com", username="lee")
    assert refusal(user, session, username=username) == TAKEN_USERNAME


@pytest.mark.parametrize("username", ["a@b@c", "@", "kim@"])
def test_username_with_an_at_must_have_a_canonical_form(
    username: str, user: User, session: LoginActivity
) -> None:
    assert refusal(user, session, username=username) == {"username": ["Enter a valid username."]}


@pytest.mark.parametrize("email", ["lee@example.com", "ＬＥＥ@example.com", "name@example.com"])
def test_address_is_neither_anothers_address_nor_anothers_name(
    email: str, user: User, session: LoginActivity, make_user: Callable[..., User]
) -> None:
    make_user("lee@example.com", username="Name@Example.com")
    assert refusal(user, session, email=email) == TAKEN_EMAIL


@pytest.mark.parametrize("email", ["kim@host", '"kim"@example.com', "kim@[::1]", "kim", ""])
def test_new_address_must_be_fit_to_be_stored(email: str, user: User, session: LoginActivity) -> None:
    assert refusal(user, session, email=email) == {"email": ["Enter a valid email address."]}


# --- A change of address ----------------------------------------------------------------------


def test_change_of_address_brings_its_consequences(user: User, session: LoginActivity) -> None:
    User.objects.filter(pk=user.pk).update(is_email_verified=True)
    codes = [
        otp.issue(user=user, purpose=purpose, at=now())
        for purpose in (otp.PASSWORD_RESET, otp.EMAIL_VALIDATION)
    ]
    update(user, session, email=NEW)
    user.refresh_from_db()
    assert (user.email, user.email_canonical, user.is_email_verified) == (NEW, NEW, False)
    for code in codes:
        code.refresh_from_db()
        assert not code.is_live_code(now())
    told = EmailsLogs.objects.filter(template="email_changed").order_by("id")
    assert [mail.to_email for mail in told] == ["kim@example.com", NEW]
    assert {mail.context["new_email"] for mail in told} == {NEW}
    session.refresh_from_db()
    assert session.logout_time is None


@pytest.mark.parametrize(("age", "is_fresh"), [(0, True), (599, True), (600, False), (6000, False)])
def test_sign_in_is_fresh_for_a_while(
    age: int, is_fresh: bool, user: User, session: LoginActivity, frozen: Any, settings: Settings
) -> None:
    assert timedelta(seconds=600) == settings.REAUTHENTICATE_AFTER
    frozen.shift(age)
    if not is_fresh:
        with pytest.raises(ReauthenticationRequired):
            update(user, session, email=NEW)
        return
    update(user, session, email=NEW)
    user.refresh_from_db()
    assert user.email == NEW


def test_stale_sign_in_needs_the_callers_own_password(
    user: User, staff: User, password: str, frozen: Any
) -> None:
    session = LoginActivity.objects.create(user=staff, email=staff.email, attempt_name="login_success")
    staff.set_password("Copper-Harbor9")
    staff.save()
    frozen.shift(3600)
    with pytest.raises(ReauthenticationRequired):
        update(user, session, password, email=NEW)
    staff.refresh_from_db()
    user.refresh_from_db()
    assert (staff.sign_in_failures, user.sign_in_failures) == (1, 0)
    session = LoginActivity.objects.get(pk=session.pk)
    update(user, session, "Copper-Harbor9", email=NEW)


@pytest.mark.parametrize("email", ["lee@example.com", NEW])
def test_who_has_an_address_is_told_only_to_who_may_change_it(
    clock: Any,
    user: User,
    session: LoginActivity,
    make_user: Callable[..., User],
    email: str,
    settings: Settings,
) -> None:
    make_user("lee@example.com")
    clock.shift(settings.REAUTHENTICATE_AFTER)
    with pytest.raises(ReauthenticationRequired):
        update(user, session, email=email)


@pytest.mark.parametrize("name", ["email", "username"])
def test_new_names_are_counted_for_who_asks(
    user: User, session: LoginActivity, make_user: Callable[..., User], settings: Settings, name: str
) -> None:
    """Taken or not: a refusal tells that somebody has it, and a new address is sent a mail."""
    settings.THROTTLES = True
    make_user("lee@example.com", username="lee@example.com")
    allowed, seconds = settings.THROTTLE_MAIL
    for number in range(allowed - 1):
        update(user, session, **{name: f"new{number}@example.com"})
    with pytest.raises(FieldRefusal):
        update(user, session, **{name: "lee@example.com"})
    before = EmailsLogs.objects.count()
    for _ in range(2):
        with pytest.raises(TooManyRequests) as refused:
            update(user, session, **{name: "one.more@example.com"})
        assert refused.value.wait == seconds
    assert EmailsLogs.objects.count() == before
    update(user, session, first_name="Kim")
    other = make_user("max@example.com")
    update(other, None, PASSWORD, username="max")


@pytest.mark.parametrize("password", [None, ""])
def test_no_password_is_no_attempt(
    password: str | None, user: User, session: LoginActivity, frozen: Any
) -> None:
    frozen.shift(3600)
    with pytest.raises(ReauthenticationRequired):
        update(user, session, password, email=NEW)
    assert LoginActivity.objects.count() == 1


def test_wrong_passwords_lock_sign_in(
    user: User, session: LoginActivity, frozen: Any, settings: Settings
) -> None:
    frozen.shift(3600)
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        with pytest.raises(ReauthenticationRequired):
            update(user, session, "wrong", email=NEW)
    with pytest.raises(AccountLocked):
        update(user, session, "wrong", email=NEW)
    user.refresh_from_db()
    assert user.sign_in_locked_at == START + timedelta(hours=1)


def test_caller_without_a_session_must_prove_itself(user: User, password: str) -> None:
    with pytest.raises(ReauthenticationRequired):
        update(user, None, password, email=NEW)
