"""POST /userprofile/login/: credentials for tokens, one lockout, every attempt on record."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.hashers import Argon2idPasswordHasher
from userprofile.models import LoginActivity, User

pytestmark = pytest.mark.django_db

PATH = "/userprofile/login/"
START = "2026-03-14T09:26:53Z"
INVALID = (401, {"detail": "Invalid credentials"})
LOCKED = (403, {"detail": "Account locked. Contact admin."})
Answer = tuple[int, Any]
COLUMNS = ("user_id", "email", "ip_address", "user_agent", "attempt_name", "logout_time")


def login(api: APIClient, email: str, password: str, **headers: str) -> Answer:
    response = api.post(PATH, {"email": email, "password": password}, format="json", headers=headers)
    return response.status_code, response.json()


def log() -> list[tuple[Any, ...]]:
    return list(LoginActivity.objects.order_by("id").values_list(*COLUMNS))


def statements(act: Callable[[], object]) -> list[str]:
    """The kinds of SQL statements, transaction control aside."""
    with CaptureQueriesContext(connection) as found:
        act()
    kinds = [query["sql"].split()[0] for query in found.captured_queries]
    return [kind for kind in kinds if kind not in ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")]


# --- The right password -----------------------------------------------------------------------


def test_right_password_gets_both_tokens_and_nothing_else(api: APIClient, user: User, password: str) -> None:
    status, body = login(api, user.email, password)
    assert (status, list(body)) == (200, ["access_token", "refresh_token"])
    assert body["access_token"] != body["refresh_token"]
    signed_in = api.get(f"/userprofile/User_update/{user.pk}/", headers=_bearer(body["access_token"]))
    assert signed_in.status_code == 200


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "spelling",
    ["KIM@example.com", " kim@EXAMPLE.com ", "ｋｉｍ@example.com", "kim@ｅｘａｍｐｌｅ.com"],
)
def test_address_is_known_in_every_spelling(spelling: str, api: APIClient, user: User, password: str) -> None:
    assert login(api, spelling, password)[0] == 200
    assert log()[0][:2] == (user.pk, "kim@example.com")


def test_host_without_a_dot_is_looked_up(
    api: APIClient, make_user: Callable[..., User], password: str
) -> None:
    make_user("Shambhu@botshyeyasi")
    assert login(api, "shambhu@BOTSHYEYASI", password)[0] == 200


def test_unverified_user_may_sign_in(api: APIClient, user: User, password: str) -> None:
    assert not user.is_email_verified
    assert login(api, user.email, password)[0] == 200


def test_sign_in_updates_last_login(api: APIClient, user: User, password: str, clock: Any) -> None:
    login(api, user.email, "wrong")
    user.refresh_from_db()
    assert user.last_login is None
    login(api, user.email, password)
    user.refresh_from_db()
    assert user.last_login is not None
    assert user.last_login.strftime("%Y-%m-%dT%H:%M:%SZ") == START


def test_each_sign_in_is_a_session_of_its_own(api: APIClient, user: User, password: str) -> None:
    first, second = (login(api, user.email, password)[1] for _ in range(2))
    assert first["access_token"] != second["access_token"]
    assert LoginActivity.objects.filter(attempt_name="login_success").count() == 2


def test_white_space_belongs_to_a_password(api: APIClient, make_user: Callable[..., User]) -> None:
    user = make_user(password="  Violet-Kite7 ")
    assert login(api, user.email, "Violet-Kite7") == INVALID
    assert login(api, user.email, "  Violet-Kite7 ")[0] == 200


def test_password_is_the_same_however_the_keyboard_composed_it(
    api: APIClient, make_user: Callable[..., User]
) -> None:
    user = make_user(password="Cafe\u0301-Kite7")
    assert login(api, user.email, "Caf\u00e9-Kite7")[0] == 200


# --- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("prevent_enumeration", [False, True])
def test_unknown_address_and_wrong_password_are_answered_alike(
    prevent_enumeration: bool, api: APIClient, user: User, settings: Settings
) -> None:
    settings.PREVENT_ENUMERATION = prevent_enumeration
    known = api.post(PATH, {"email": user.email, "password": "wrong"})
    unknown = api.post(PATH, {"email": "nobody@example.com", "password": "wrong"})
    assert (known.status_code, known.json()) == INVALID
    assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
    assert _without_request_id(known) == _without_request_id(unknown)


def _without_request_id(response: Any) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "X-Request-ID"}


def test_unknown_address_costs_the_same_statements_as_a_wrong_password(api: APIClient, user: User) -> None:
    unknown = statements(lambda: login(api, "nobody@example.com", "wrong"))
    known = statements(lambda: login(api, user.email, "wrong"))
    # The decoy is made, locked and read by one INSERT ... ON CONFLICT, the user by one SELECT ... FOR UPDATE.
    assert known[:4] == ["SELECT", "SELECT", "UPDATE", "INSERT"]
    assert unknown[:4] == ["SELECT", "INSERT", "UPDATE", "INSERT"]
    assert unknown[4:] == known[4:]


def test_unknown_address_costs_the_same_hashing(
    api: APIClient, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify, hashed = Argon2idPasswordHasher.verify, []

    def counted(self: Argon2idPasswordHasher, password: str, encoded: str) -> bool:
        hashed.append(encoded.split("$")[:4])
        return bool(verify(self, password, encoded))

    login(api, "warm@example.com", "up")
    monkeypatch.setattr(Argon2idPasswordHasher, "verify", counted)
    login(api, user.email, "wrong")
    login(api, "nobody@example.com", "wrong")
    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


@pytest.mark.parametrize("password", ["violet-kite7", "Violet-Kite7 ", "Violet-Kite", "x" * 256, "é" * 256])
def test_wrong_password_is_401(password: str, api: APIClient, user: User) -> None:
    assert login(api, user.email, password) == INVALID


def test_user_without_a_usable_password_cannot_sign_in(
    api: APIClient, make_user: Callable[..., User]
) -> None:
    user = make_user(password=None)
    for password in ("!", user.password):
        assert login(api, user.email, password) == INVALID


def test_deactivated_user_is_answered_like_an_unknown_one(
    api: APIClient, make_user: Callable[..., User], password: str, settings: Settings
) -> None:
    user = make_user(is_active=False)
    for _ in range(settings.LOGIN_MAX_FAILURES + 1):
        assert login(api, user.email, password) == INVALID
    user.refresh_from_db()
    assert (user.sign_in_failures, user.sign_in_locked_at) == (0, None)


def test_third_failure_locks_for_a_right_and_a_wrong_password_alike(
    api: APIClient, user: User, password: str, settings: Settings
) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        assert login(api, user.email, "wrong") == INVALID
    assert login(api, user.email, "wrong") == LOCKED
    assert login(api, user.email, "wrong") == LOCKED
    assert login(api, user.email, password) == LOCKED


def test_unknown_address_is_never_locked(api: APIClient, db: None, settings: Settings) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES + 2):
        assert login(api, "nobody@example.com", "wrong") == INVALID


def test_success_clears_the_count(api: APIClient, user: User, password: str, settings: Settings) -> None:
    for _ in range(2):
        for _ in range(settings.LOGIN_MAX_FAILURES - 1):
            assert login(api, user.email, "wrong") == INVALID
        assert login(api, user.email, password)[0] == 200


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({}, {"email", "password"}),
        ({"email": "kim@example.com"}, {"password"}),
        ({"password": "x"}, {"email"}),
        ({"email": "", "password": ""}, {"email", "password"}),
    ],
)
def test_incomplete_credentials_are_400_and_no_attempt(
    body: dict[str, str], missing: set[str], api: APIClient, user: User
) -> None:
    response = api.post(PATH, body, format="json")
    assert response.status_code == 400
    assert (response.json()["detail"], set(response.json()["details"])) == ("Invalid input.", missing)
    assert log() == []


# --- The log ----------------------------------------------------------------------------------


def test_every_attempt_is_logged_with_address_and_agent(
    api: APIClient, user: User, password: str, settings: Settings
) -> None:
    agent = {"user-agent": "Mozilla/5.0 (X11)"}
    login(api, user.email, password, **agent)
    for _ in range(settings.LOGIN_MAX_FAILURES + 1):
        login(api, user.email.upper(), "wrong", **agent)
    login(api, " Nobody@Example.com ", "wrong", **agent)
    common = ("127.0.0.1", "Mozilla/5.0 (X11)")
    known = (user.pk, user.email, *common)
    assert log() == [
        (*known, "login_success", None),
        *[(*known, "login_failed", None)] * (settings.LOGIN_MAX_FAILURES - 1),
        *[(*known, "login_locked", None)] * 2,
        (None, "Nobody@Example.com", *common, "login_failed", None),
    ]


def test_attempt_on_a_deactivated_account_is_logged_without_its_user(
    api: APIClient, make_user: Callable[..., User], password: str
) -> None:
    user = make_user(is_active=False)
    login(api, user.email, password)
    assert log() == [(None, user.email, "127.0.0.1", "", "login_failed", None)]


def test_user_agent_is_cut_to_its_column(api: APIClient, user: User, password: str) -> None:
    longest = LoginActivity._meta.get_field("user_agent").max_length
    assert longest == 512
    login(api, user.email, password, **{"user-agent": "x" * (longest + 100)})
    assert log()[0][3] == "x" * longest


def test_longest_unknown_address_fits_the_log(api: APIClient, db: None) -> None:
    address = f"{'k' * 241}@example.com "
    assert login(api, address, "wrong") == INVALID
    assert log()[0][1] == address.strip()
    assert len(address.strip()) == 253


@pytest.mark.parametrize(
    ("proxies", "forwarded", "logged"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (1, "nonsense", "127.0.0.1"),
    ],
)
def test_logged_address_is_the_clients(
    proxies: int, forwarded: str, logged: str, api: APIClient, user: User, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    login(api, user.email, "wrong", **{"x-forwarded-for": forwarded})
    assert log()[0][2] == logged


# --- What it costs, and what becomes of old hashes --------------------------------------------


def test_sign_in_costs_four_statements(api: APIClient, user: User, password: str) -> None:
    assert len(statements(lambda: login(api, user.email, password))) <= 4


def test_old_hash_is_made_anew_on_sign_in(api: APIClient, user: User, password: str) -> None:
    old = make_password(password, hasher="pbkdf2_sha256")
    User.objects.filter(pk=user.pk).update(password=old)
    first = login(api, user.email, password)
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    again = login(api, user.email, password)
    assert (first[0], again[0]) == (200, 200)
    for tokens in (first[1], again[1]):
        headers = _bearer(tokens["access_token"])
        assert api.get(f"/userprofile/User_update/{user.pk}/", headers=headers).status_code == 200
    assert login(api, user.email, "wrong") == INVALID


def test_django_session_survives_the_upgrade_of_its_hash(cookies: Client, staff: User, password: str) -> None:
    """A Django session is bound to the hash, and this one begins while the hash is made anew."""
    User.objects.filter(pk=staff.pk).update(password=make_password(password, hasher="pbkdf2_sha256"))
    body = {"email": staff.email, "Password": password}
    assert cookies.post("/userprofile/account_locked/", body).status_code == 200
    assert cookies.get("/admin/").status_code == 200


def test_old_hash_does_not_open_for_a_wrong_password(api: APIClient, user: User, password: str) -> None:
    old = make_password(password, hasher="pbkdf2_sha256")
    User.objects.filter(pk=user.pk).update(password=old)
    assert login(api, user.email, "wrong") == INVALID
    user.refresh_from_db()
    assert user.password == old


def test_no_password_is_logged_anywhere(
    api: APIClient, user: User, caplog: pytest.LogCaptureFixture, password: str
) -> None:
    caplog.set_level("DEBUG")
    login(api, user.email, "Secret-Wrong-1")
    login(api, user.email, password)
    rows = json.dumps(list(LoginActivity.objects.values()), default=str)
    for secret in ("Secret-Wrong-1", password):
        assert secret not in caplog.text + rows
