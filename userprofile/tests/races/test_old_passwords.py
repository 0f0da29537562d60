"""A reset, or a deactivation, against sign-ins: what the old password opened does not outlive it."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from userprofile.models import User
from userprofile.tests.races import records
from userprofile.tests.races.admin_form import change_user
from userprofile.tests.races.records import PASSWORD
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import Answer, after, post

SIGN_INS = 12  # at each door
SPREAD = 0.6  # seconds over which they begin: a reset hashes three times
NEW_PASSWORD = "Amber-Fjord8"
OLD_HASH = PBKDF2PasswordHasher().encode(PASSWORD, "saltsaltsaltsaltsaltsa", iterations=1000)


def sign_ins(user: User) -> list[Callable[..., Answer]]:
    bearer = post("/userprofile/login/", {"email": user.email, "password": PASSWORD})
    cookie = post("/userprofile/account_locked/", {"email": user.email, "Password": PASSWORD})
    return [after(random.random() * SPREAD, call) for call in (bearer, cookie) for _ in range(SIGN_INS)]


def assert_signed_out(server: Server, user: User, answers: list[Answer]) -> None:
    """No session that one of the sign-ins has opened still is one, by token or by cookie."""
    assert records.open_sessions(user) == 0
    opened = [answer for answer in answers if answer.status == 200]
    for answer in opened:
        if "access_token" in answer.body:
            bearer = f"Bearer {answer.body['access_token']}"
            assert server.get(f"/userprofile/User_update/{user.pk}/", Authorization=bearer).status == 401
            token = {"refresh_token": answer.body["refresh_token"]}
            assert server.post("/userprofile/token/refresh/", token).status == 401
        else:
            cookie = answer.headers["Set-Cookie"].split(";")[0]
            assert server.get(f"/{settings.ADMIN_PATH}", Cookie=cookie).status == 302
            assert server.post("/userprofile/logout/", Cookie=cookie).status == 401


@pytest.mark.parametrize("columns", [{}, {"password": OLD_HASH}], ids=["new hash", "old hash"])
def test_no_session_of_the_old_password_outlives_a_reset(
    server: Server, rounds: range, reset_code: Callable[[User], str], columns: dict[str, Any]
) -> None:
    for _ in rounds:
        user = records.make_user(is_staff=True, is_superuser=True, **columns)
        new = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
        body = {"email": user.email, "otp_entered": reset_code(user), **new}
        reset, *answers = server.volley([post("/userprofile/forget_password/", body), *sign_ins(user)])
        assert reset.status == 200, reset
        assert records.read(user).check_password(NEW_PASSWORD)
        assert_signed_out(server, user, answers)


def test_no_session_outlives_a_deactivation(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user(is_staff=True, is_superuser=True)
        deactivation = after(random.random() * SPREAD / 2, change_user(server, user, is_active=None))
        answer, *answers = server.volley([deactivation, *sign_ins(user)])
        assert answer.status == 302, answer
        records.write(user, is_active=True)
        assert_signed_out(server, user, answers)
