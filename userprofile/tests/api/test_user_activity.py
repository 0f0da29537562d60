"""GET /userprofile/user-activity/: a user's details with the log of sign-ins."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.models import LoginActivity, User

pytestmark = pytest.mark.django_db

PATHS = ["/userprofile/user-activity/", "/api/user-activity/"]
PATH = PATHS[0]
START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
UNKNOWN = (404, {"error": "User not found."})
MINUTE = timedelta(minutes=1)
SignIn = Callable[..., Any]


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def answer(response: Any) -> tuple[int, Any]:
    return response.status_code, response.json()


def ask(client: Any, email: str = "kim@example.com", **query: Any) -> Any:
    return client.get(PATH, {"email": email, **query})


def ids(response: Any) -> list[int]:
    return [row["id"] for row in response.json()["activity_logs"]]


@pytest.fixture
def by_kim(user: User, clock: Any, sign_in: SignIn) -> Any:
    return sign_in(user)


@pytest.fixture
def log(user: User) -> Callable[[int], list[int]]:
    """`log(5)`: five more rows of Kim's; their ids, newest first."""

    def add(number: int) -> list[int]:
        rows = [
            LoginActivity(user=user, email=user.email, attempt_name="login_failed", created_at=START)
            for _ in range(number)
        ]
        LoginActivity.objects.bulk_create(rows)
        return list(LoginActivity.objects.filter(user=user).order_by("-id").values_list("id", flat=True))

    return add


# --- What it shows ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_answer_has_exactly_the_seeds_keys(
    path: str, user: User, clock: Any, sign_in: SignIn, settings: Settings
) -> None:
    User.objects.filter(pk=user.pk).update(first_name="John", last_name="Doe")
    APIClient().post(
        "/userprofile/login/",
        {"email": user.email, "password": "wrong"},
        headers={"user-agent": "Mozilla/5.0"},
        REMOTE_ADDR="192.0.2.1",
    )
    clock.shift(MINUTE)
    first = sign_in(user)
    clock.shift(MINUTE)
    first.post("/userprofile/logout/")
    clock.shift(MINUTE)
    client = sign_in(user)
    response = client.get(path, {"email": user.email})
    assert response.status_code == 200
    newest, second, oldest = ids(response)
    assert newest > second > oldest
    common = {"email": "kim@example.com", "ip_address": "127.0.0.1", "user_agent": ""}
    assert response.json() == {
        "email": "kim@example.com",
        "first_name": "John",
        "last_name": "Doe",
        "last_login": iso(START + 3 * MINUTE),
        "logout": iso(START + 2 * MINUTE),
        "estimated_logout": iso(START + 3 * MINUTE + settings.ACCESS_TOKEN_LIFETIME),
        "is_active": True,
        "activity_logs": [
            {
                "id": newest,
                **common,
                "created_at": iso(START + 3 * MINUTE),
                "logout_time": None,
                "attempt_name": "login_success",
            },
            {
                "id": second,
                **common,
                "created_at": iso(START + MINUTE),
                "logout_time": iso(START + 2 * MINUTE),
                "attempt_name": "login_success",
            },
            {
                "id": oldest,
                "email": "kim@example.com",
                "ip_address": "192.0.2.1",
                "user_agent": "Mozilla/5.0",
                "created_at": iso(START),
                "logout_time": None,
                "attempt_name": "login_failed",
            },
        ],
    }


def test_times_are_whole_seconds_in_utc(user: User, by_kim: Any, clock: Any, settings: Settings) -> None:
    clock.shift(timedelta(microseconds=999_999))
    LoginActivity.objects.create(user=user, email=user.email, attempt_name="login_failed")
    settings.TIME_ZONE = "Asia/Kolkata"
    assert ask(by_kim).json()["activity_logs"][0]["created_at"] == iso(START)


def test_log_holds_the_users_rows_alone(
    user: User, make_user: Callable[..., User], by_kim: Any, sign_in: SignIn
) -> None:
    sign_in(make_user("lee@example.com"))
    APIClient().post("/userprofile/login/", {"email": "nobody@example.com", "password": "x"})
    assert [row["email"] for row in ask(by_kim).json()["activity_logs"]] == ["kim@example.com"]


def test_logout_row_is_in_the_log(user: User, by_kim: Any, clock: Any, cookies: Any) -> None:
    cookies.force_login(user)
    clock.shift(MINUTE)
    cookies.post("/userprofile/logout/")
    newest = ask(by_kim).json()["activity_logs"][0]
    assert (newest["attempt_name"], newest["logout_time"]) == ("logout", iso(START + MINUTE))


# --- estimated_logout and logout --------------------------------------------------------------


def test_estimated_logout_is_that_of_the_newest_open_session(
    user: User, by_kim: Any, clock: Any, sign_in: SignIn, settings: Settings
) -> None:
    lifetime = settings.ACCESS_TOKEN_LIFETIME
    assert ask(by_kim).json()["estimated_logout"] == iso(START + lifetime)
    clock.shift(MINUTE)
    second = sign_in(user)
    assert ask(by_kim).json()["estimated_logout"] == iso(START + MINUTE + lifetime)
    second.post("/userprofile/logout/")
    assert ask(by_kim).json()["estimated_logout"] == iso(START + lifetime)


def test_refresh_moves_the_estimated_logout(user: User, by_kim: Any, clock: Any, settings: Settings) -> None:
    clock.shift(MINUTE)
    APIClient().post("/userprofile/token/refresh/", {"refresh_token": by_kim.tokens["refresh_token"]})
    assert ask(by_kim).json()["estimated_logout"] == iso(START + MINUTE + settings.ACCESS_TOKEN_LIFETIME)


def test_estimated_logout_is_null_without_an_open_session(
    user: User, staff: User, by_kim: Any, sign_in: SignIn, clock: Any, settings: Settings
) -> None:
    by_staff = sign_in(staff)
    by_kim.post("/userprofile/logout/")
    body = ask(by_staff).json()
    assert (body["estimated_logout"], body["logout"]) == (None, iso(START))
    sign_in(user)
    clock.shift(settings.REFRESH_TOKEN_LIFETIME)
    assert ask(sign_in(staff)).json()["estimated_logout"] is None


def test_newcomers_times_are_null(user: User, staff: User, sign_in: SignIn) -> None:
    body = ask(sign_in(staff)).json()
    assert (body["last_login"], body["logout"], body["estimated_logout"]) == (None, None, None)
    assert body["activity_logs"] == []


# --- Pages ------------------------------------------------------------------------------------


def test_a_hundred_rows_a_page_and_the_next_in_the_link_header(
    user: User, by_kim: Any, log: Callable[[int], list[int]]
) -> None:
    everything = log(249)
    seen: list[int] = []
    response = ask(by_kim)
    for size in (100, 100, 50):
        assert len(ids(response)) == size
        seen += ids(response)
        link = response.headers.get("Link")
        if link is not None:
            assert link.startswith(f"<http://testserver{PATH}?")
            assert link.endswith('>; rel="next"')
            response = by_kim.get(link[1:].partition(">")[0])
    assert "Link" not in response.headers
    assert seen == everything


@pytest.mark.parametrize("path", PATHS)
def test_link_keeps_the_path_and_the_query(
    path: str, make_user: Callable[..., User], staff: User, sign_in: SignIn
) -> None:
    user = make_user("kim+a&b=c@example.com")
    client = sign_in(staff)
    rows = [LoginActivity(user=user, email=user.email, attempt_name="login_failed") for _ in range(3)]
    LoginActivity.objects.bulk_create(rows)
    response = client.get(path, {"email": user.email, "limit": 2})
    url = urlsplit(response.headers["Link"][1:].partition(">")[0])
    assert url.path == path
    assert parse_qs(url.query) == {"email": [user.email], "limit": ["2"], "before": [str(ids(response)[-1])]}


def test_limit_and_before_choose_the_page(user: User, by_kim: Any, log: Callable[[int], list[int]]) -> None:
    everything = log(9)
    assert ids(ask(by_kim, limit=3)) == everything[:3]
    assert ids(ask(by_kim, limit=3, before=everything[2])) == everything[3:6]
    assert ids(ask(by_kim, before=everything[-1])) == []
    assert ids(ask(by_kim, before=everything[0] + 100)) == everything
    assert ids(ask(by_kim, limit="", before="")) == everything


def test_last_page_has_no_link(user: User, by_kim: Any, log: Callable[[int], list[int]]) -> None:
    log(9)
    assert "Link" in ask(by_kim, limit=9).headers
    assert "Link" not in ask(by_kim, limit=10).headers


@pytest.mark.parametrize("limit", [101, 1000, 10**9])
def test_larger_limit_is_cut_to_a_hundred(
    limit: int, user: User, by_kim: Any, log: Callable[[int], list[int]]
) -> None:
    log(110)
    assert len(ids(ask(by_kim, limit=limit))) == 100


@pytest.mark.parametrize("name", ["limit", "before"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "ten", "１０", "1e2"])
def test_bad_limit_or_before_is_a_400(name: str, value: str, user: User, by_kim: Any) -> None:
    status, body = answer(ask(by_kim, **{name: value}))
    assert (status, body["error"], list(body["details"])) == (400, "Invalid input.", [name])


# --- Who may ----------------------------------------------------------------------------------


def test_without_email_it_is_a_400(by_kim: Any) -> None:
    required = {"error": "Invalid input.", "details": {"email": ["This field is required."]}}
    assert answer(by_kim.get(PATH)) == (400, required)
    assert answer(by_kim.get(PATH, {"email": ""}))[0] == 400


def test_without_a_token_it_is_401(user: User, api: APIClient) -> None:
    for path in PATHS:
        response = api.get(path, {"email": user.email})
        assert answer(response) == (401, {"detail": "Authentication credentials were not provided."})


def test_user_sees_its_own_in_every_spelling(user: User, by_kim: Any) -> None:
    assert ask(by_kim, " KIM@Example.com ").json()["email"] == "kim@example.com"


def test_staff_sees_everybodys(user: User, staff: User, sign_in: SignIn) -> None:
    assert ask(sign_in(staff)).status_code == 200


@pytest.mark.parametrize("email", ["lee@example.com", "nobody@example.com", "LEE@example.com", "lee@host"])
def test_unseen_and_unknown_addresses_are_answered_alike(
    email: str, make_user: Callable[..., User], by_kim: Any
) -> None:
    make_user("lee@example.com")
    assert answer(ask(by_kim, email)) == UNKNOWN


def test_deactivated_user_is_unknown_to_staff_too(
    make_user: Callable[..., User], staff: User, sign_in: SignIn
) -> None:
    make_user("gone@example.com", is_active=False)
    assert answer(ask(sign_in(staff), "gone@example.com")) == UNKNOWN


# --- What it costs ----------------------------------------------------------------------------


def test_page_costs_the_same_however_many_rows(
    user: User, by_kim: Any, log: Callable[[int], list[int]]
) -> None:
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as statements:
            ask(by_kim)
        costs.append(len(statements))
        log(60)
    assert costs == [4, 4]
