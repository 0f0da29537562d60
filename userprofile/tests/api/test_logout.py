"""POST /userprofile/logout/: the session of a bearer token or of a cookie ends, at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.models import LoginActivity, User

pytestmark = pytest.mark.django_db

PATH = "/userprofile/logout/"
DONE = (200, {"detail": "Logout successful."})
REFUSED = (401, {"error": "User is not authenticated."})
START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SignIn = Callable[..., Any]


def answer(response: Any) -> tuple[int, Any]:
    return response.status_code, response.json()


def enter(cookies: Client, user: User, password: str) -> None:
    body = {"email": user.email, "Password": password}
    assert cookies.post("/userprofile/account_locked/", body).status_code == 200


def is_open(client: Any, user: User) -> bool:
    return bool(client.get(f"/userprofile/User_update/{user.pk}/").status_code == 200)


def rows() -> list[tuple[str, datetime | None]]:
    return list(LoginActivity.objects.order_by("id").values_list("attempt_name", "logout_time"))


def statements(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as found:
        act()
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(control) for query in found.captured_queries)


# --- By bearer token --------------------------------------------------------------------------


def test_logout_ends_access_and_refresh_token_at_once(api: APIClient, user: User, sign_in: SignIn) -> None:
    client = sign_in(user)
    assert is_open(client, user)
    assert answer(client.post(PATH)) == DONE
    assert not is_open(client, user)
    refresh = {"refresh_token": client.tokens["refresh_token"]}
    assert api.post("/userprofile/token/refresh/", refresh).status_code == 401
    assert answer(client.post(PATH)) == REFUSED


def test_logout_sets_the_users_time_and_closes_the_row(user: User, sign_in: SignIn, clock: Any) -> None:
    client = sign_in(user)
    clock.shift(timedelta(minutes=5))
    client.post(PATH)
    user.refresh_from_db()
    at = START + timedelta(minutes=5)
    assert user.logout == at
    assert rows() == [("login_success", at)]


def test_logout_ends_no_other_session(user: User, sign_in: SignIn) -> None:
    first, second = sign_in(user), sign_in(user)
    first.post(PATH)
    assert is_open(second, user)
    assert [time is None for _, time in rows()] == [False, True]


def test_former_access_token_logs_out_the_same_session(
    api: APIClient, user: User, sign_in: SignIn, clock: Any
) -> None:
    client = sign_in(user)
    clock.shift(timedelta(seconds=5))
    refresh = {"refresh_token": client.tokens["refresh_token"]}
    tokens = api.post("/userprofile/token/refresh/", refresh).json()
    assert answer(client.post(PATH)) == DONE
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert api.get(f"/userprofile/User_update/{user.pk}/", headers=headers).status_code == 401


def test_body_is_not_looked_at(user: User, sign_in: SignIn) -> None:
    client = sign_in(user)
    assert answer(client.generic("POST", PATH, "{not json", content_type="text/plain")) == DONE


def test_bearer_logout_costs_three_statements(user: User, sign_in: SignIn) -> None:
    client = sign_in(user)
    assert statements(lambda: client.post(PATH)) <= 3


# --- By cookie --------------------------------------------------------------------------------


def test_cookie_logout_flushes_the_django_session(
    cookies: Client, user: User, password: str, clock: Any
) -> None:
    enter(cookies, user, password)
    clock.shift(timedelta(minutes=5))
    response = cookies.post(PATH)
    assert answer(response) == DONE
    user.refresh_from_db()
    assert user.logout == START + timedelta(minutes=5)
    assert rows() == [("login_success", user.logout)]
    assert Session.objects.count() == 0
    assert response.cookies["sessionid"].value == ""
    assert answer(cookies.post(PATH)) == REFUSED


def test_stolen_cookie_is_worthless_after_logout(cookies: Client, user: User, password: str) -> None:
    enter(cookies, user, password)
    stolen = cookies.cookies["sessionid"].value
    cookies.post(PATH)
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert answer(thief.post(PATH)) == REFUSED


def test_cookie_logout_needs_no_csrf_token(user: User, password: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    enter(strict, user, password)
    assert answer(strict.post(PATH)) == DONE


def test_cookie_logout_costs_four_statements(cookies: Client, user: User, password: str) -> None:
    enter(cookies, user, password)
    assert statements(lambda: cookies.post(PATH)) <= 4


def test_django_session_without_a_row_gets_one(cookies: Client, user: User, clock: Any) -> None:
    """One that Django's own login() opened, past our doors."""
    cookies.force_login(user)
    assert rows() == []
    response = cookies.post(PATH, headers={"user-agent": "Mozilla/5.0"})
    assert answer(response) == DONE
    user.refresh_from_db()
    assert user.logout == START
    (row,) = LoginActivity.objects.all()
    assert (row.attempt_name, row.email, row.user, row.ip_address, row.user_agent) == (
        "logout",
        user.email,
        user,
        "127.0.0.1",
        "Mozilla/5.0",
    )
    assert (row.created_at, row.logout_time) == (START, START)
    assert Session.objects.count() == 0


@pytest.mark.parametrize("has_row", [True, False])
def test_cookie_of_a_deactivated_user_is_no_sign_in(
    has_row: bool, cookies: Client, user: User, password: str
) -> None:
    if has_row:
        enter(cookies, user, password)
    else:
        cookies.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert answer(cookies.post(PATH)) == REFUSED


@pytest.mark.parametrize("has_row", [True, False])
def test_cookie_is_no_sign_in_once_the_password_has_changed(
    has_row: bool, cookies: Client, user: User, password: str, new_password: str
) -> None:
    if has_row:
        enter(cookies, user, password)
    else:
        cookies.force_login(user)
    user.set_password(new_password)
    user.save()
    assert answer(cookies.post(PATH)) == REFUSED


# --- By both ----------------------------------------------------------------------------------


def test_both_sessions_end_when_both_are_sent(
    cookies: Client, user: User, password: str, sign_in: SignIn
) -> None:
    client = sign_in(user)
    enter(cookies, user, password)
    headers = {"authorization": f"Bearer {client.tokens['access_token']}"}
    assert statements(lambda: cookies.post(PATH, headers=headers)) <= 4
    assert [time is None for _, time in rows()] == [False, False]
    assert not is_open(client, user)
    assert Session.objects.count() == 0
    assert answer(cookies.post(PATH)) == REFUSED


def test_bad_token_is_refused_even_with_a_good_cookie(cookies: Client, user: User, password: str) -> None:
    enter(cookies, user, password)
    for authorization in ("Bearer x.y.z", "Bearer", "Bearer a b"):
        assert answer(cookies.post(PATH, headers={"authorization": authorization})) == REFUSED
    assert rows() == [("login_success", None)]
    assert answer(cookies.post(PATH)) == DONE


def test_ended_token_is_refused_even_with_a_good_cookie(
    cookies: Client, user: User, password: str, sign_in: SignIn
) -> None:
    client = sign_in(user)
    client.post(PATH)
    enter(cookies, user, password)
    headers = {"authorization": f"Bearer {client.tokens['access_token']}"}
    assert answer(cookies.post(PATH, headers=headers)) == REFUSED
    assert rows()[1] == ("login_success", None)


# --- By neither -------------------------------------------------------------------------------


def test_nobody_cannot_log_out(api: APIClient, db: None) -> None:
    assert answer(api.post(PATH)) == REFUSED
    assert rows() == []


def test_expired_token_is_refused(user: User, sign_in: SignIn, clock: Any, settings: Settings) -> None:
    client = sign_in(user)
    clock.shift(settings.ACCESS_TOKEN_LIFETIME)
    assert answer(client.post(PATH)) == REFUSED
    assert rows() == [("login_success", None)]


def test_refresh_token_does_not_log_out(api: APIClient, user: User, sign_in: SignIn) -> None:
    headers = {"authorization": f"Bearer {sign_in(user).tokens['refresh_token']}"}
    assert answer(api.post(PATH, headers=headers)) == REFUSED


def test_token_of_a_deactivated_or_deleted_user_is_refused(
    user: User, make_user: Callable[..., User], sign_in: SignIn
) -> None:
    other = make_user("lee@example.com")
    clients = sign_in(user), sign_in(other)
    User.objects.filter(pk=user.pk).update(is_active=False)
    other.delete()
    assert [answer(client.post(PATH)) for client in clients] == [REFUSED, REFUSED]
