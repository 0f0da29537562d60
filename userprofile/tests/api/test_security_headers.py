"""What every answer tells a browser: what it may load, frame, keep and show to another origin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from userprofile.models import User
from userprofile.tests.api.doors import DOORS, EMAIL, RIGHT, Door, each

pytestmark = pytest.mark.django_db

NOTHING = {"default-src 'none'", "frame-ancestors 'none'"}
LOGIN = "/userprofile/login/"
ORIGIN = "https://app.example.com"
PAGES = ["/", "/docs/", "/api/schema/", "/health/live", "/health/ready", "/nope", "/admin/login/"]


def assert_guarded(response: Any) -> None:
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert "Server" not in response.headers


def policy(response: Any) -> set[str]:
    return {part.strip() for part in response.headers["Content-Security-Policy"].split(";")}


@each(DOORS)
def test_answers_of_the_api_may_load_nothing(door: Door, client: Client) -> None:
    for method in ("get", "post"):
        response = getattr(client, method)(door.path)
        assert_guarded(response)
        assert policy(response) == NOTHING
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_guarded(path: str, client: Client) -> None:
    assert_guarded(client.get(path, headers={"accept": "text/html"}))


@pytest.mark.parametrize(
    "refused",
    [
        lambda client: client.get("/", headers={"host": "evil.example"}),
        lambda client: client.generic("POST", LOGIN, "x" * 70_000),
        lambda client: client.get("/nope"),
        lambda client: client.post("/health/live"),
    ],
    ids=["host", "length", "path", "method"],
)
def test_refusals_outside_the_views_are_guarded(refused: Callable[[Client], Any], client: Client) -> None:
    response = refused(client)
    assert_guarded(response)
    assert response.headers["Cache-Control"] == "no-store"


def test_tokens_are_not_kept_by_any_cache(client: Client, kim: User) -> None:
    response = client.post(LOGIN, {"email": EMAIL, "password": RIGHT})
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize("path", ["/", "/docs/", "/admin/login/"])
def test_no_page_may_run_scripts_of_others(path: str, client: Client) -> None:
    rules = policy(client.get(path, headers={"accept": "text/html"}))
    text = " ".join(rules)
    assert "unsafe-inline" not in text.replace("style-src 'self' 'unsafe-inline'", "")
    assert "unsafe-eval" not in text
    assert "http" not in text
    assert {"base-uri 'none'", "frame-ancestors 'none'"} <= rules


def test_tls_is_insisted_on_outside_debug(client: Client) -> None:
    response = client.get("/health/live", secure=True)
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


def test_cookie_is_kept_from_scripts_and_other_sites(client: Client, kim: User) -> None:
    response = client.post("/userprofile/account_locked/", {"email": EMAIL, "Password": RIGHT}, secure=True)
    cookie = response.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)


def test_api_sets_no_cookie(client: Client, kim: User) -> None:
    for path, body in (
        (LOGIN, {"email": EMAIL, "password": RIGHT}),
        ("/userprofile/Resend_OTP/", {"email": EMAIL}),
    ):
        assert client.post(path, body).cookies == {}


# --- Other origins ----------------------------------------------------------------------------


def test_other_origins_are_let_in_nowhere_by_default(client: Client) -> None:
    for door in DOORS:
        response = client.post(door.path, headers={"origin": ORIGIN})
        assert "Access-Control-Allow-Origin" not in response.headers
        preflight = client.options(
            door.path, headers={"origin": ORIGIN, "access-control-request-method": "POST"}
        )
        assert "Access-Control-Allow-Origin" not in preflight.headers


def test_named_origin_may_call_without_cookies(client: Client, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    response = client.post(LOGIN, headers={"origin": ORIGIN})
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["Access-Control-Expose-Headers"] == "Link, Retry-After"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "origin" in response.headers["Vary"].lower()
    other = client.post(LOGIN, headers={"origin": "https://app.example.com.evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


def test_named_origin_may_send_tokens(client: Client, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization,content-type",
    }
    response = client.options("/userprofile/User&App/", headers=asked)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "authorization" in response.headers["Access-Control-Allow-Headers"]
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]


def test_named_origin_can_read_a_refusal_that_no_view_gave(client: Client, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    for response in (
        client.get("/nope", headers={"origin": ORIGIN}),
        client.generic("POST", LOGIN, "x" * 70_000, headers={"origin": ORIGIN}),
    ):
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN, response.status_code
