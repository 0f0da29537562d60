"""Too many accounts failed from one network: every door that takes a password answers 429, by every path."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from userprofile.client import Client as Caller
from userprofile.clock import now
from userprofile.mechanisms import spraying
from userprofile.models import LoginActivity, User
from userprofile.tests.conftest import PASSWORD

REFUSED = "Too many requests. Try again in 1987 seconds."
HERE, THERE = "192.0.2.1", "192.0.2.2"
Enter = Callable[..., Any]


def login(client: Client, email: str, password: str, **headers: Any) -> Any:
    body = json.dumps({"email": email, "password": password})
    return client.post("/userprofile/login/", body, content_type="application/json", **headers)


def account_locked(client: Client, email: str, password: str, **headers: Any) -> Any:
    body = json.dumps({"email": email, "Password": password})
    return client.post("/userprofile/account_locked/", body, content_type="application/json", **headers)


def admin(client: Client, email: str, password: str, **headers: Any) -> Any:
    return client.post("/admin/login/", {"username": email, "password": password}, **headers)


DOORS = [login, account_locked, admin]


@pytest.fixture(autouse=True)
def three_accounts_an_hour(settings: Settings, clock: Any, db: None) -> None:
    settings.THROTTLES = True
    settings.THROTTLE_SPRAY = (3, 3600)


def spray(count: int = 4, ip_address: str = HERE) -> None:
    for number in range(count):
        spraying.count_failure(f"user{number}@example.com", Caller(ip_address=ip_address), at=now())


@pytest.mark.parametrize("enter", DOORS)
def test_every_door_is_closed_to_that_network_and_open_to_others(
    enter: Enter, cookies: Client, staff: User
) -> None:
    spray()
    for password in (PASSWORD, "wrong"):
        answer = enter(cookies, staff.email, password, REMOTE_ADDR=HERE)
        assert (answer.status_code, answer["Retry-After"]) == (429, "1987")
    assert not LoginActivity.objects.exists()
    assert enter(cookies, staff.email, PASSWORD, REMOTE_ADDR=THERE).status_code in (200, 302)


@pytest.mark.parametrize("enter", DOORS)
def test_every_doors_failures_count_and_the_one_too_many_is_answered_429(
    enter: Enter, cookies: Client, user: User
) -> None:
    spray(2)
    assert enter(cookies, user.email, "wrong", REMOTE_ADDR=HERE).status_code in (200, 401)
    answer = enter(cookies, "nobody@example.com", "wrong", REMOTE_ADDR=HERE)
    assert (answer.status_code, answer["Retry-After"]) == (429, "1987")


@pytest.mark.parametrize(
    ("enter", "key"), [(login, "detail"), (account_locked, "error")], ids=["login", "account_locked"]
)
@pytest.mark.parametrize("failed_before", [3, 4])
def test_the_refusal_is_worded_like_every_throttle(
    enter: Enter, key: str, failed_before: int, cookies: Client, db: None
) -> None:
    spray(failed_before)
    answer = enter(cookies, "nobody@example.com", "wrong", REMOTE_ADDR=HERE)
    assert (answer.status_code, answer.json()) == (429, {key: REFUSED})
    problem = enter(
        cookies, "nobody@example.com", "wrong", REMOTE_ADDR=HERE, HTTP_ACCEPT="application/problem+json"
    )
    assert problem.json() == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": REFUSED,
        "code": "throttled",
    }


@pytest.mark.parametrize("path", ["/userprofile/User_update/{}/", "/userprofile/User&App/", "/api/update/"])
def test_a_current_password_is_refused_too(
    path: str, sign_in: Callable[[User], Any], user: User, settings: Settings
) -> None:
    client = sign_in(user)
    settings.REAUTHENTICATE_AFTER *= 0
    spray(ip_address="127.0.0.1")
    body = {"user_id": user.pk, "email": "new@example.com", "current_password": PASSWORD}
    answer = client.put(path.format(user.pk), body, format="json")
    assert (answer.status_code, answer["Retry-After"], answer.json()) == (429, "1987", {"error": REFUSED})
    assert User.objects.get().email == user.email
    assert client.put(path.format(user.pk), {"user_id": user.pk, "short_name": "K"}).status_code == 200


def test_an_admins_own_old_password_is_refused_too(cookies: Client, staff: User) -> None:
    cookies.force_login(staff)
    fields = {"old_password": PASSWORD, "new_password1": "Amber-Fjord8", "new_password2": "Amber-Fjord8"}
    spray(3, ip_address="127.0.0.1")
    wrong = cookies.post("/admin/password_change/", {**fields, "old_password": "wrong"})
    assert (wrong.status_code, wrong["Retry-After"]) == (429, "1987")
    right = cookies.post("/admin/password_change/", fields)
    assert (right.status_code, right["Retry-After"]) == (429, "1987")
    assert User.objects.get().check_password(PASSWORD)


def test_other_doors_and_open_sessions_stay_as_they_are(sign_in: Callable[[User], Any], user: User) -> None:
    client = sign_in(user)
    spray(ip_address="127.0.0.1")
    assert client.post("/userprofile/forget_password/", {"email": user.email}).status_code == 200
    assert client.get(f"/userprofile/User_update/{user.pk}/").status_code == 200
    refresh = {"refresh_token": client.tokens["refresh_token"]}
    assert client.post("/userprofile/token/refresh/", refresh).status_code == 200
    assert client.post("/userprofile/logout/").status_code in (200, 401)


@pytest.mark.parametrize("prevents", [False, True])
def test_known_and_unknown_accounts_bring_the_same_answers(
    prevents: bool, settings: Settings, make_user: Callable[..., User], cookies: Client
) -> None:
    settings.PREVENT_ENUMERATION = prevents
    known = [make_user(f"known{number}@example.com").email for number in range(5)]
    unknown = [f"unknown{number}@example.com" for number in range(5)]
    answers = [
        [
            (answer.status_code, answer.json(), answer.headers.get("Retry-After"))
            for answer in (login(cookies, email, "wrong", REMOTE_ADDR=network) for email in emails)
        ]
        for emails, network in ((known, HERE), (unknown, THERE))
    ]
    assert answers[0] == answers[1]
    assert [status for status, _, _ in answers[0]] == [401, 401, 401, 429, 429]


# --- The right network ------------------------------------------------------------------------

GARBAGE = [
    "",
    ",",
    "unknown",
    "198.51.100.7, , ",
    "not an address, 2001:db8::zz",
    "999.999.999.999",
    "198.51.100.7\x00",
    "198.51.100.7:443",
    "[2001:db8::1]",
    "127.0.0.1" * 900,
    ", ".join(["198.51.100.7"] * 500) + ", x",
]


@pytest.mark.parametrize(
    "header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_CLIENT_IP"]
)
def test_without_trusted_proxies_no_header_moves_the_caller_to_another_network(
    header: str, cookies: Client, settings: Settings
) -> None:
    assert settings.TRUSTED_PROXIES == 0
    statuses = [
        login(cookies, f"user{number}@example.com", "wrong", **{header: f"198.51.100.{number}"}).status_code
        for number in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]


@pytest.mark.parametrize("header", ["HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_CLIENT_IP"])
def test_behind_a_proxy_only_x_forwarded_for_is_believed(
    header: str, cookies: Client, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    statuses = [
        login(cookies, f"user{number}@example.com", "wrong", **{header: f"198.51.100.{number}"}).status_code
        for number in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]


def test_behind_a_proxy_what_the_caller_wrote_himself_moves_nobody(
    cookies: Client, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    statuses = [
        login(
            cookies, f"user{number}@example.com", "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}, {HERE}"
        )
        for number in range(5)
    ]
    assert [answer.status_code for answer in statuses] == [401, 401, 401, 429, 429]
    assert login(cookies, "kim@example.com", "wrong", HTTP_X_FORWARDED_FOR=THERE).status_code == 401


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_garbage_in_x_forwarded_for_is_no_way_round(
    proxies: int, cookies: Client, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    spray(ip_address="127.0.0.1")
    if proxies == 2:
        garbage = [f"{text}, {HERE}" for text in ("", "unknown", "999.1.1.1", "[2001:db8::1]")]
    else:
        garbage = GARBAGE
    statuses = [
        login(cookies, "kim@example.com", "wrong", HTTP_X_FORWARDED_FOR=text).status_code for text in garbage
    ]
    assert statuses == [429] * len(garbage)


# --- What it costs ----------------------------------------------------------------------------


def test_a_sign_in_takes_one_statement_for_its_throttles_and_four_for_itself(
    cookies: Client, user: User
) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert login(cookies, user.email, PASSWORD).status_code == 200
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    texts = [query["sql"] for query in captured if not query["sql"].startswith(control)]
    assert ["throttlecounter" in text for text in texts] == [True] + [False] * (len(texts) - 1)
    assert len(texts) <= 1 + 4, texts
