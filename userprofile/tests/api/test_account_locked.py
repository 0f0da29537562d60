"""POST /userprofile/account_locked/: sign in with a Django session, and be told how many attempts remain."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.clock import now
from userprofile.models import LoginActivity, User
from userprofile.tests.conftest import NEW_PASSWORD, PASSWORD

PATH = "/userprofile/account_locked/"
ALIASES = ["/userprofile/account-locked/", "/account-locked/"]
FORM = "application/x-www-form-urlencoded"
WRONG = "not-the-Password1"
Answer = tuple[int, Any]

SUCCESS = (200, {"message": "Login successful"})
LOCKED_NOW = (403, {"error": "Invalid credentials. Account locked. Contact admin."})
LOCKED = (403, {"error": "Account locked. Contact admin."})
UNKNOWN = (404, {"error": "User does not exist"})
CROSS_SITE = (403, {"error": "Cross-site sign-in refused."})


def remaining(count: int) -> Answer:
    return 401, {"error": f"Invalid credentials. {count} attempts remaining."}


def enter(api: Client, user: User, password: Any = PASSWORD, path: str = PATH, **headers: Any) -> Answer:
    body = json.dumps({"email": user.email, "Password": password})
    answer = api.post(path, body, content_type="application/json", **headers)
    return answer.status_code, answer.json()


def lock(api: Client, user: User, settings: Settings) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES):
        enter(api, user, WRONG)


# --- Where ------------------------------------------------------------------------------------


def test_the_seeds_name_leads_here() -> None:
    assert reverse("account_locked") == PATH


@pytest.mark.parametrize("path", [PATH, *ALIASES])
@pytest.mark.parametrize("slash", ["/", ""])
def test_every_path_signs_in_with_and_without_its_slash(
    cookies: Client, user: User, path: str, slash: str
) -> None:
    path = path.rstrip("/") + slash
    assert enter(cookies, user, WRONG, path) == remaining(2)
    assert enter(cookies, user, path=path) == SUCCESS


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_post_is_allowed(cookies: Client, method: str) -> None:
    answer = getattr(cookies, method)(PATH)
    assert answer.status_code == 405
    assert answer.json() == {"error": f'Method "{method.upper()}" not allowed.'}
    assert "POST" in answer["Allow"]


def test_a_stale_token_does_not_bar_the_way(cookies: Client, user: User) -> None:
    assert enter(cookies, user, HTTP_AUTHORIZATION="Bearer stale") == SUCCESS


@pytest.mark.parametrize("password", ["Shambh123@", "Copper-Harbor9"])
def test_the_seeds_curl_works(cookies: Client, make_user: Callable[..., User], password: str) -> None:
    make_user("Shambhu@botshyeyasi", password=password)
    answer = cookies.post(PATH, "email=Shambhu@botshyeyasi&Password=Shambh123@", content_type=FORM)
    expected = SUCCESS if password == "Shambh123@" else remaining(2)
    assert (answer.status_code, answer.json()) == expected


@pytest.mark.parametrize("name", ["Password", "password"])
def test_either_spelling_of_password_is_read(api: APIClient, user: User, name: str) -> None:
    answer = api.post(PATH, {"email": " KIM@Example.com ", name: PASSWORD})
    assert (answer.status_code, answer.json()) == SUCCESS


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, {"email": ["This field is required."], "Password": ["This field is required."]}),
        ({"email": "kim", "Password": "x"}, {"email": ["Enter a valid email address."]}),
        ({"email": "kim@example.com", "password": ""}, {"Password": ["This field may not be blank."]}),
        ({"email": "kim@example.com", "Password": 7}, {"Password": ["Not a valid string."]}),
        (
            {"email": "kim@example.com", "Password": "x\x00"},
            {"Password": ["Control characters and broken Unicode are not allowed."]},
        ),
        (
            {"email": "kim@example.com", "Password": "x" * 257},
            {"Password": ["Ensure this field has no more than 256 characters."]},
        ),
    ],
)
def test_a_malformed_body_is_refused_and_no_attempt(
    cookies: Client, user: User, body: dict[str, Any], details: dict[str, list[str]]
) -> None:
    answer = cookies.post(PATH, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid input.", "details": details})
    assert not LoginActivity.objects.exists()


# --- Signing in -------------------------------------------------------------------------------


def visitor(cookies: Client) -> Any:
    """Whom Django's own session says the client is."""
    request = HttpRequest()
    request.session = cookies.session
    return get_user(request)


def test_the_right_password_opens_a_django_session(cookies: Client, user: User) -> None:
    assert enter(cookies, user) == SUCCESS
    assert visitor(cookies) == user
    row = LoginActivity.objects.get()
    assert (row.user, row.email, row.attempt_name) == (user, user.email, "login_success")
    user.refresh_from_db()
    assert user.last_login is not None


def test_the_cookie_is_lax_and_out_of_reach_of_scripts(cookies: Client, user: User) -> None:
    enter(cookies, user)
    cookie = cookies.cookies["sessionid"]
    assert (cookie["samesite"], cookie["httponly"], cookie["path"]) == ("Lax", True, "/")


def test_a_failure_sets_no_cookie(cookies: Client, user: User) -> None:
    enter(cookies, user, WRONG)
    assert not cookies.cookies
    assert not Session.objects.exists()


def test_a_sign_in_gets_a_session_key_of_its_own(cookies: Client, user: User) -> None:
    session = cookies.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    enter(cookies, user)
    assert cookies.cookies["sessionid"].value != planted


def test_signing_in_again_replaces_the_session_and_its_cookie(
    cookies: Client, user: User, make_user: Callable[..., User]
) -> None:
    keys = []
    for person in (user, user, make_user("lee@example.com")):
        assert enter(cookies, person) == SUCCESS
        keys.append(cookies.cookies["sessionid"].value)
        assert Session.objects.count() == 1
        assert [row.user for row in LoginActivity.objects.open(at=now())] == [person]
    assert len(set(keys)) == 3


def test_an_unverified_user_may_sign_in(cookies: Client, user: User) -> None:
    assert not user.is_email_verified
    assert enter(cookies, user) == SUCCESS


def test_white_space_around_a_password_belongs_to_it(cookies: Client, user: User) -> None:
    assert enter(cookies, user, f" {PASSWORD} ") == remaining(2)


def test_an_unknown_address_does_not_exist(cookies: Client, db: None, settings: Settings, clock: Any) -> None:
    nobody = User(email="nobody@example.com")
    for _ in range(settings.LOGIN_MAX_FAILURES + 1):
        assert enter(cookies, nobody) == UNKNOWN


def test_a_deactivated_user_is_answered_like_an_unknown_one(
    cookies: Client, make_user: Callable[..., User], settings: Settings
) -> None:
    gone = make_user("gone@example.com", is_active=False)
    for _ in range(settings.LOGIN_MAX_FAILURES + 1):
        assert enter(cookies, gone) == UNKNOWN


# --- The lock ---------------------------------------------------------------------------------


def test_each_failure_tells_how_many_remain_and_the_third_locks(
    cookies: Client, user: User, clock: Any, settings: Settings
) -> None:
    for left in range(settings.LOGIN_MAX_FAILURES - 1, 0, -1):
        assert enter(cookies, user, WRONG) == remaining(left)
    assert enter(cookies, user, WRONG) == LOCKED_NOW
    clock.shift(1)
    assert enter(cookies, user, WRONG) == LOCKED
    assert enter(cookies, user) == LOCKED


def test_a_success_clears_the_count(cookies: Client, user: User, settings: Settings) -> None:
    for _ in range(2):
        for left in range(settings.LOGIN_MAX_FAILURES - 1, 0, -1):
            assert enter(cookies, user, WRONG) == remaining(left)
        assert enter(cookies, user) == SUCCESS


@pytest.mark.parametrize("door", ["login", "admin"])
def test_the_count_is_shared_with_every_other_door(
    cookies: Client, make_user: Callable[..., User], clock: Any, settings: Settings, door: str
) -> None:
    staff = make_user("staff@example.com", is_staff=True)
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        if door == "login":
            cookies.post("/userprofile/login/", {"email": staff.email, "password": WRONG})
        else:
            cookies.post(f"/{settings.ADMIN_PATH}login/", {"username": staff.email, "password": WRONG})
    assert enter(cookies, staff, WRONG) == LOCKED_NOW
    clock.shift(1)
    answer = cookies.post("/userprofile/login/", {"email": staff.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()) == (403, {"detail": "Account locked. Contact admin."})
    cookies.post(f"/{settings.ADMIN_PATH}login/", {"username": staff.email, "password": PASSWORD})
    assert visitor(cookies).is_anonymous


def test_the_lock_is_told_by_mail_once(
    cookies: Client, user: User, mails_to: Callable[[User], list[str]], settings: Settings
) -> None:
    lock(cookies, user, settings)
    enter(cookies, user, WRONG)
    assert mails_to(user) == ["account_locked"]


def test_every_attempt_is_in_the_activity_log(
    cookies: Client, user: User, clock: Any, settings: Settings
) -> None:
    settings.LOGIN_MAX_FAILURES = 2
    enter(cookies, user)
    enter(cookies, user, WRONG)
    enter(cookies, user, WRONG)
    clock.shift(1)
    enter(cookies, user)
    enter(cookies, User(email="nobody@example.com"))
    rows = LoginActivity.objects.order_by("id").values_list("email", "attempt_name", "ip_address")
    assert list(rows) == [
        (user.email, "login_success", "127.0.0.1"),
        (user.email, "login_failed", "127.0.0.1"),
        (user.email, "login_locked", "127.0.0.1"),
        (user.email, "login_locked", "127.0.0.1"),
        ("nobody@example.com", "login_failed", "127.0.0.1"),
    ]


def test_a_django_session_outlives_the_lock(cookies: Client, user: User, settings: Settings) -> None:
    enter(cookies, user)
    lock(Client(), user, settings)
    assert visitor(cookies) == user


# --- Other sites ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_SEC_FETCH_SITE": "Cross-Site"},
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "https://testserver"},
        {"HTTP_ORIGIN": "http://testserver:8080"},
        {"HTTP_ORIGIN": "http://testserver.evil.example"},
        {"HTTP_ORIGIN": "https://app.example.org.evil.example"},
        {"HTTP_ORIGIN": "http://app.example.org"},
        {"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_ORIGIN": "http://testserver"},
        {"HTTP_SEC_FETCH_SITE": "same-site", "HTTP_ORIGIN": "https://evil.example"},
    ],
)
def test_another_sites_page_signs_nobody_in(
    cookies: Client, user: User, settings: Settings, headers: dict[str, str]
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    for path in (PATH, *ALIASES):
        assert enter(cookies, user, path=path, **headers) == CROSS_SITE
    assert not cookies.cookies
    assert not LoginActivity.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_ORIGIN": "http://testserver"},
        {"HTTP_ORIGIN": "https://app.example.org"},
        {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "http://testserver"},
        {"HTTP_SEC_FETCH_SITE": "same-site", "HTTP_ORIGIN": "https://app.example.org"},
        {"HTTP_SEC_FETCH_SITE": "none"},
    ],
)
def test_our_own_pages_and_curl_pass(
    cookies: Client, user: User, settings: Settings, headers: dict[str, str]
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    assert enter(cookies, user, **headers) == SUCCESS


def test_a_cross_site_guess_counts_nothing(cookies: Client, user: User, settings: Settings) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES):
        enter(cookies, user, WRONG, HTTP_SEC_FETCH_SITE="cross-site")
    assert enter(cookies, user, NEW_PASSWORD) == remaining(2)


def test_each_refusal_has_its_code(cookies: Client, user: User, clock: Any, settings: Settings) -> None:
    def problem(email: str = user.email, **headers: Any) -> tuple[int, str, str]:
        body = {"email": email, "Password": WRONG}
        answer = cookies.post(PATH, body, HTTP_ACCEPT="application/problem+json", **headers)
        assert answer["Content-Type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"], answer.json()["detail"]

    assert problem("nobody@example.com") == (404, "user_not_found", UNKNOWN[1]["error"])
    assert problem(HTTP_ORIGIN="null") == (403, "cross_site", CROSS_SITE[1]["error"])
    assert problem() == (401, "invalid_credentials", remaining(2)[1]["error"])
    assert problem() == (401, "invalid_credentials", remaining(1)[1]["error"])
    assert problem() == (403, "account_locked", LOCKED_NOW[1]["error"])
    clock.shift(1)
    assert problem() == (403, "account_locked", LOCKED[1]["error"])


def test_the_throttle_counts_sign_ins_by_ip_address(cookies: Client, user: User, settings: Settings) -> None:
    settings.THROTTLES = True
    settings.THROTTLE_SIGN_IN = (1, 60)
    assert enter(cookies, user) == SUCCESS
    answer = cookies.post(PATH, {"email": user.email, "Password": PASSWORD})
    assert answer.status_code == 429
    assert answer.json() == {"error": f"Too many requests. Try again in {answer['Retry-After']} seconds."}
    assert enter(cookies, user, REMOTE_ADDR="192.0.2.7") == SUCCESS
