"""Reading a user's login activity: who may, and which page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from userprofile.exceptions import ActivityUserNotFound
from userprofile.journeys import activity
from userprofile.mechanisms import sessions
from userprofile.models import LoginActivity, User

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen(clock: Any) -> Any:
    return clock


def add(user: User, number: int = 1, **columns: Any) -> list[int]:
    """The ids of so many new rows, newest first."""
    columns = {"attempt_name": "login_failed", **columns}
    rows = [LoginActivity.objects.create(user=user, email=user.email, **columns) for _ in range(number)]
    return [row.pk for row in reversed(rows)]


def ids(found: activity.Activity) -> list[int]:
    return [row.pk for row in found.rows]


def test_rows_come_newest_first(user: User) -> None:
    expected = add(user, 5)
    found = activity.read(email=user.email, viewer=user)
    assert (ids(found), found.next_before) == (expected, None)


def test_next_page_begins_below_the_last_row(user: User) -> None:
    expected = add(user, 5)
    first = activity.read(email=user.email, viewer=user, limit=2)
    assert (ids(first), first.next_before) == (expected[:2], expected[1])
    second = activity.read(email=user.email, viewer=user, limit=2, before=first.next_before)
    assert (ids(second), second.next_before) == (expected[2:4], expected[3])
    third = activity.read(email=user.email, viewer=user, limit=2, before=second.next_before)
    assert (ids(third), third.next_before) == (expected[4:], None)


def test_page_is_never_larger_than_a_hundred(user: User) -> None:
    rows = [LoginActivity(user=user, email=user.email, attempt_name="login_failed") for _ in range(101)]
    LoginActivity.objects.bulk_create(rows)
    assert len(activity.read(email=user.email, viewer=user, limit=10**6).rows) == activity.PAGE == 100


def test_rows_of_others_are_left_out(user: User, make_user: Callable[..., User]) -> None:
    add(make_user("lee@example.com"))
    LoginActivity.objects.create(email=user.email, attempt_name="login_failed")  # before there was an account
    assert activity.read(email=user.email, viewer=user).rows == []


def test_estimate_is_the_newest_open_sessions(user: User) -> None:
    for minutes in (1, 2):
        at = START + timedelta(minutes=minutes)
        lifetimes: dict[str, Any] = {**sessions.lifetimes(signed_in_at=at, at=at)}
        add(user, attempt_name="login_success", **lifetimes)
    add(user)
    found = activity.read(email=user.email, viewer=user)
    assert found.estimated_logout == START + timedelta(minutes=2, hours=1)


def test_user_and_staff_may_read_and_nobody_else(
    user: User, staff: User, make_user: Callable[..., User]
) -> None:
    other = make_user("lee@example.com", is_superuser=True)
    assert activity.read(email=user.email, viewer=user).user == user
    assert activity.read(email=user.email, viewer=staff).user == user
    with pytest.raises(ActivityUserNotFound):
        activity.read(email=user.email, viewer=other)


@pytest.mark.parametrize("email", ["nobody@example.com", "no address", ""])
def test_address_that_nobody_has_is_not_found_by_staff_either(email: str, staff: User) -> None:
    with pytest.raises(ActivityUserNotFound):
        activity.read(email=email, viewer=staff)


def test_body_has_the_seeds_keys(user: User) -> None:
    found = activity.read(email=user.email, viewer=user)
    assert found.as_body == {
        "email": user.email,
        "first_name": "",
        "last_name": "",
        "last_login": None,
        "logout": None,
        "estimated_logout": None,
        "is_active": True,
        "activity_logs": [],
    }
