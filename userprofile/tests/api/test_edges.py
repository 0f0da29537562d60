"""The edges: what stands around every answer, and what a token, a key and the admin's door rest on."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.conf import settings as service
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from config import keys
from userprofile.clock import now
from userprofile.mechanisms import otp
from userprofile.models import User
from userprofile.tests.api.doors import DOORS, EMAIL, RIGHT, Door, each
from userprofile.tests.api.test_security_headers import assert_guarded

pytestmark = pytest.mark.django_db
PROJECT = Path(__file__).resolve().parents[3]
LOGIN, REFRESH, FORGET = "/userprofile/login/", "/userprofile/token/refresh/", "/userprofile/forget_password/"
OTHER_KEY = "another-key-of-at-least-fifty-characters-0123456789"


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


# --- Headers and caches -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/static/admin/css/base.css", "/static/userprofile/index.css", "/static/nope"]
)
def test_static_files_are_guarded(path: str, client: Client) -> None:
    answer = client.get(path)
    answer.close()
    assert_guarded(answer)


@pytest.mark.parametrize(
    "path", ["", "userprofile/user/", "userprofile/nope/", "userprofile/user/0/change/", "password_change/"]
)
def test_pages_of_the_admin_are_guarded_and_kept_by_no_cache(path: str, make_user: Any) -> None:
    browser = Client()
    browser.force_login(make_user("root@example.com", is_staff=True, is_superuser=True))
    answer = browser.get(f"/admin/{path}")
    assert_guarded(answer)
    assert "no-store" in answer["Cache-Control"].split(", "), answer.status_code


def test_an_error_of_ours_is_guarded_and_kept_by_no_cache(kim: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("userprofile.hashers.verify_password", lambda *args: 1 / 0)
    answer = Client(raise_request_exception=False).post(LOGIN, {"email": EMAIL, "password": RIGHT})
    assert_guarded(answer)
    assert (answer.status_code, answer["Cache-Control"]) == (500, "no-store")


def test_personal_data_is_kept_by_no_cache(kim: User, sign_in: Callable[..., APIClient]) -> None:
    client = sign_in(kim)
    for path in (f"/userprofile/User_update/{kim.pk}/", f"/userprofile/user-activity/?email={EMAIL}"):
        answer = client.get(path)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")


# --- Plain HTTP -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LOGIN, LOGIN.rstrip("/"), REFRESH, FORGET])
def test_a_secret_sent_over_plain_http_is_answered_by_the_view_and_not_led_elsewhere(
    path: str, kim: User
) -> None:
    """A redirect to TLS would hide that the secret has gone over the wire in clear."""
    answer = Client().post(path, {"email": EMAIL, "password": "wrong"}, secure=False)
    assert (answer.status_code // 100, answer.has_header("Location")) == (4 if path != FORGET else 2, False)


# --- What tells nothing -----------------------------------------------------------------------


@each(DOORS)
def test_options_and_a_browser_are_told_nothing_of_a_view(
    door: Door, at_the_door: Callable[[Door], APIClient]
) -> None:
    client = at_the_door(door)
    options = client.options(door.path)
    assert (options.status_code, [*options.json()]) == (
        405,
        ["detail" if door.error_key == "detail" else "error"],
    )
    page = client.get(door.path, headers={"accept": "text/html"})
    assert page["Content-Type"].startswith("application/json")


@each(DOORS)
def test_trace_is_no_method(door: Door, at_the_door: Callable[[Door], APIClient]) -> None:
    answer = at_the_door(door).generic("TRACE", door.path)
    assert (answer.status_code, b"Bearer" in answer.content) == (405, False)


# --- The admin's door -------------------------------------------------------------------------


def test_the_admin_stands_where_the_setting_puts_it() -> None:
    """In a process of its own: the setting is read once."""
    program = (
        "import django; django.setup(); from django.test import Client; c = Client();"
        "print(c.get('/staff-only/door/login/').status_code, c.get('/admin/login/').status_code)"
    )
    database = {"DATABASE_URL": "sqlite:////tmp/never-written.sqlite3", "ADMIN_PATH": "staff-only/door/"}
    environment = {**os.environ, **database, "DJANGO_SETTINGS_MODULE": "config.settings"}
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["200", "404"]


# --- Tokens -----------------------------------------------------------------------------------


def test_tokens_carry_what_is_needed_and_nobodys_data(kim: User, sign_in: Callable[..., Any]) -> None:
    tokens = sign_in(kim).tokens
    shared = {"token_type", "exp", "iat", "sid", "iss", "aud"}
    assert {*claims_of(tokens["access_token"])} == shared
    assert {*claims_of(tokens["refresh_token"])} == shared | {"gen", "auth_time"}
    assert jwt.get_unverified_header(tokens["access_token"]) == {"alg": "HS256", "typ": "JWT"}


FORGERIES: dict[str, Callable[[dict[str, Any]], str]] = {
    "no algorithm": lambda claims: jwt.encode(claims, None, algorithm="none"),
    "another algorithm": lambda claims: jwt.encode(claims, service.JWT_SIGNING_KEY, algorithm="HS512"),
    "another key": lambda claims: jwt.encode(claims, OTHER_KEY, algorithm="HS256"),
    "SECRET_KEY itself": lambda claims: jwt.encode(claims, service.SECRET_KEY, algorithm="HS256"),
    **{
        f"{name}={value}": lambda claims, name=name, value=value: jwt.encode(  # type: ignore[misc]
            {k: v for k, v in {**claims, name: value}.items() if v is not None},
            service.JWT_SIGNING_KEY,
            algorithm="HS256",
        )
        for name, value in (
            ("iss", "somebody"), ("iss", None), ("aud", "somebody"), ("aud", None), ("exp", None), ("exp", 1),
            ("token_type", "refresh"), ("token_type", None), ("sid", None), ("sid", "1"), ("sid", True),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_token_of_a_wrong_kind_opens_nothing(forgery: str, kim: User, sign_in: Callable[..., Any]) -> None:
    client = sign_in(kim)
    path = f"/userprofile/User_update/{kim.pk}/"
    assert client.get(path).status_code == 200
    forged = FORGERIES[forgery](claims_of(client.tokens["access_token"]))
    answer = APIClient().get(path, headers={"authorization": f"Bearer {forged}"})
    assert (answer.status_code, [*answer.json()]) == (401, ["detail"])


def rotated(settings: Settings, *, known: bool) -> None:
    """SECRET_KEY as an operator rotates it, the former one among the fallbacks or thrown away."""
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OTHER_KEY, [former] if known else []
    settings.JWT_SIGNING_KEY = keys.derive("jwt", OTHER_KEY).hex()
    former_keys = [keys.derive("jwt", key).hex() for key in settings.SECRET_KEY_FALLBACKS]
    settings.JWT_VERIFYING_KEYS = [settings.JWT_SIGNING_KEY, *former_keys]


@pytest.mark.parametrize(("known", "status"), [(True, 200), (False, 401)])
def test_sessions_outlive_a_rotation_for_as_long_as_the_former_key_is_known(
    known: bool, status: int, kim: User, sign_in: Callable[..., Any], settings: Settings
) -> None:
    client = sign_in(kim)
    rotated(settings, known=known)
    assert client.get(f"/userprofile/User_update/{kim.pk}/").status_code == status
    refreshed = APIClient().post(REFRESH, {"refresh_token": client.tokens["refresh_token"]})
    assert refreshed.status_code == status
    if known:
        assert jwt.decode(
            refreshed.json()["access_token"],
            settings.JWT_SIGNING_KEY,
            algorithms=["HS256"],
            audience="userprofile",
        )["sid"]


OWN, FORMER = "o" * 32, "f" * 32
DERIVED = keys.derive("jwt", service.SECRET_KEY).hex()


@pytest.mark.parametrize(
    ("former", "variables", "status"),
    [
        (DERIVED, {"JWT_SIGNING_KEY": OWN}, 401),
        (DERIVED, {"JWT_SIGNING_KEY": OWN, "SECRET_KEY_FALLBACKS": service.SECRET_KEY}, 401),
        (DERIVED, {"JWT_SIGNING_KEY": OWN, "JWT_SIGNING_KEY_FALLBACKS": "derived"}, 200),
        (FORMER, {"JWT_SIGNING_KEY": OWN}, 401),
        (FORMER, {"JWT_SIGNING_KEY": OWN, "JWT_SIGNING_KEY_FALLBACKS": FORMER}, 200),
        (FORMER, {}, 401),
        (FORMER, {"JWT_SIGNING_KEY_FALLBACKS": FORMER}, 200),
    ],
)
def test_sessions_outlive_a_rotation_of_the_signing_key_for_as_long_as_the_former_one_is_named(
    former: str,
    variables: dict[str, str],
    status: int,
    kim: User,
    sign_in: Callable[..., Any],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.JWT_SIGNING_KEY, settings.JWT_VERIFYING_KEYS = former, [former]
    client = sign_in(kim)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    rotated_to = runpy.run_path(str(PROJECT / "config" / "settings.py"))
    settings.JWT_SIGNING_KEY = rotated_to["JWT_SIGNING_KEY"]
    settings.JWT_VERIFYING_KEYS = rotated_to["JWT_VERIFYING_KEYS"]
    assert client.get(f"/userprofile/User_update/{kim.pk}/").status_code == status
    refreshed = APIClient().post(REFRESH, {"refresh_token": client.tokens["refresh_token"]})
    assert refreshed.status_code == status
    settings.JWT_VERIFYING_KEYS = [settings.JWT_SIGNING_KEY]  # the overlap is over
    assert client.get(f"/userprofile/User_update/{kim.pk}/").status_code == 401
    if status == 200:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {refreshed.json()['access_token']}")
        assert client.get(f"/userprofile/User_update/{kim.pk}/").status_code == 200


def test_a_live_code_outlives_a_rotation_at_the_door(kim: User, settings: Settings, api: APIClient) -> None:
    code = otp.digits(otp.issue(user=kim, purpose=otp.PASSWORD_RESET, at=now()))
    rotated(settings, known=True)
    new = {"new_password": "Amber-Fjord8", "confirm_password": "Amber-Fjord8"}
    answer = api.post(FORGET, {"email": EMAIL, "otp_entered": code, **new})
    assert json.loads(answer.content) == {"message": "Password reset successfully"}
