"""Holes 6 to 8 and 12: signing in and out, locks, and what a stranger learns from a refusal."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as service
from django.contrib.auth import SESSION_KEY, authenticate
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.urls.resolvers import URLResolver
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.mechanisms import lockout
from userprofile.models import LoginActivity, User
from userprofile.tests.conftest import NEW_PASSWORD, PASSWORD

WRONG = "not-the-Password1"
FORGET, RESEND = "/userprofile/forget_password/", "/userprofile/Resend_OTP/"
LOGIN, REFRESH, LOGOUT = "/userprofile/login/", "/userprofile/token/refresh/", "/userprofile/logout/"
ENTER, VALIDATE = "/userprofile/account_locked/", "/userprofile/Email-Validation/"
NEW = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


def details_of(client: Client, user: User) -> int:
    return int(client.get(f"/userprofile/User_update/{user.pk}/").status_code)


def refreshed(client: Any) -> int:
    return int(Client().post(REFRESH, {"refresh_token": client.tokens["refresh_token"]}).status_code)


def test_06_logging_out_ends_both_tokens_and_the_cookie(
    user: User, sign_in: Callable[..., APIClient], cookies: Client
) -> None:
    client = sign_in(user)
    assert (details_of(client, user), client.post(LOGOUT).status_code) == (200, 200)
    assert (details_of(client, user), refreshed(client)) == (401, 401)
    cookies.post(ENTER, {"email": user.email, "Password": PASSWORD})
    stolen = cookies.cookies["sessionid"].value
    assert cookies.post(LOGOUT).status_code == 200
    assert not Session.objects.exists()
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.post(LOGOUT).json() == {"error": "User is not authenticated."}


def test_07_what_a_stranger_can_lock_never_shuts_the_owner_out(
    user: User,
    sign_in: Callable[..., APIClient],
    code_of: Callable[..., str],
    wrong_code_for: Callable[..., str],
    clock: Any,
    settings: Settings,
) -> None:
    owner, stranger = sign_in(user), APIClient()
    for _ in range(service.OTP_MAX_RESENDS + 2):
        stranger.post(RESEND, {"email": user.email})  # the block
    for _ in range(service.LOGIN_MAX_FAILURES):
        stranger.post(LOGIN, {"email": user.email, "password": WRONG})  # the sign-in lock
    assert (details_of(owner, user), refreshed(owner)) == (200, 200)
    answer = owner.post(FORGET, {"email": user.email, "otp_entered": code_of(user), **NEW})
    assert answer.json() == {"message": "Password reset successfully"}
    owner = sign_in(user, NEW_PASSWORD)  # the reset has lifted both
    stranger.post(RESEND, {"email": user.email})
    for _ in range(service.OTP_MAX_FAILURES):
        code = {"otp_entered": wrong_code_for(user)}
        stranger.post(FORGET, {"email": user.email, **code, **NEW})  # the reset lock
    assert (details_of(owner, user), refreshed(owner)) == (200, 200)
    settings.LOCK_DURATION = timedelta(hours=1)
    clock.shift(timedelta(minutes=59))
    stranger.post(FORGET, {"email": user.email, "otp_entered": wrong_code_for(user), **NEW})
    clock.shift(timedelta(minutes=1))  # trying during a lock has not lengthened it
    user.refresh_from_db()
    assert not lockout.is_in_force(user.reset_locked_at, at=user.reset_locked_at + settings.LOCK_DURATION)
    assert stranger.post(RESEND, {"email": user.email}).status_code == 200
    assert details_of(sign_in(user, NEW_PASSWORD), user) == 200


def seen(path: str, body: dict[str, str]) -> dict[str, Any]:
    """All that a caller sees of one request, and the work that its time is made of."""
    hashed: list[str] = []
    verify = Argon2PasswordHasher.verify

    def counted(hasher: Argon2PasswordHasher, password: str, encoded: str) -> bool:
        hashed.append(encoded.rpartition("$")[0].rpartition("$")[0])  # the kind and the cost
        return bool(verify(hasher, password, encoded))

    with pytest.MonkeyPatch.context() as patch, CaptureQueriesContext(connection) as statements:
        patch.setattr(Argon2PasswordHasher, "verify", counted)
        answer = Client().post(path, body)
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
    told = {"status": answer.status_code, "body": answer.content, "headers": headers}
    return {**told, "hashed": hashed, "statements": len(statements)}


def test_08_known_and_unknown_addresses_are_told_apart_by_neither_text_nor_work(
    user: User, settings: Settings
) -> None:
    nobody = "nobody@example.com"
    password = {"password": WRONG, "Password": WRONG}
    seen(LOGIN, {"email": "warm-up@example.com", **password})
    known, unknown = (seen(LOGIN, {"email": email, **password}) for email in (user.email, nobody))
    assert unknown == known  # without the setting, too
    assert len(known["hashed"]) == 1
    User.objects.update(**lockout.NO_SIGN_IN_LOCK)
    settings.PREVENT_ENUMERATION = True
    guess = {"otp_entered": "000000", "otp": "000000", **NEW, **password}
    doors = [(FORGET, {}), *[(RESEND, {})] * 7, *[(FORGET, guess)] * 4, *[(VALIDATE, guess)] * 4]
    doors += [*[(ENTER, password)] * 4, (LOGIN, password), ("/userprofile/User_unblock/", {})]
    for number, (path, body) in enumerate(doors):
        known, unknown = (seen(path, {"email": email, **body}) for email in (user.email, "other@example.com"))
        assert unknown == known, (number, path)


DOORS = {  # every view that judges a password, by the way a stranger comes to it
    "login": lambda user: Client().post(LOGIN, {"email": user.email, "password": WRONG}),
    "account_locked": lambda user: Client().post(ENTER, {"email": user.email, "Password": WRONG}),
    "admin": lambda user: Client().post("/admin/login/", {"username": user.email, "password": WRONG}),
    "authenticate": lambda user: authenticate(
        RequestFactory().post("/"), username=user.email, password=WRONG
    ),
}


def every_path(patterns: list[Any], user: User, prefix: str = "/") -> list[str]:
    """A path for each route that there is, the admin's included, with the user's id in it."""
    found = []
    for pattern in patterns:
        path = prefix + re.sub(r"<[^>]+>", str(user.pk), str(pattern.pattern))
        deeper = isinstance(pattern, URLResolver)
        found += every_path(pattern.url_patterns, user, path) if deeper else [path]
    return [path for path in found if not set(path) & set("^$()?")]


def test_12_every_door_counts_towards_the_one_lock_and_heeds_it(user: User) -> None:
    User.objects.update(is_staff=True)
    for name, knock in DOORS.items():
        User.objects.update(**lockout.NO_SIGN_IN_LOCK)
        for _ in range(service.LOGIN_MAX_FAILURES):
            knock(user)  # type: ignore[no-untyped-call]  # lambdas have no types
        user.refresh_from_db()
        assert user.sign_in_locked_at is not None, name
    paths = every_path(get_resolver().url_patterns, user)
    assert {LOGIN, ENTER, "/api/login/", "/admin/login/"} <= {*paths}
    right = dict.fromkeys(("password", "Password", "current_password", "old_password"), PASSWORD)
    for path in paths:
        browser = Client()
        answer = browser.post(path, {"email": user.email, "username": user.email, **right})
        assert b"token" not in answer.content or answer.status_code != 200 or path == "/admin/login/", path
        assert SESSION_KEY not in browser.session, path
    assert not LoginActivity.objects.filter(attempt_name="login_success").exists()
