"""RFC 9457: each refusal as problem details, with its code, for a client that asks for them."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings
from rest_framework.test import APIClient

from application.models import Application
from userprofile.mechanisms import otp
from userprofile.models import User
from userprofile.tests.api.doors import EMAIL, ID, RIGHT

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"
JSON = "application/json"
FORGET, RESEND = "/userprofile/forget_password/", "/userprofile/Resend_OTP/"
GENERATE = "/userprofile/Generate_OTP/"

VALIDATE, UNBLOCK = "/userprofile/Email-Validation/", "/userprofile/User_unblock/"
LOGIN, ACCOUNT_LOCKED = "/userprofile/login/", "/userprofile/account_locked/"
REFRESH, LOGOUT = "/userprofile/token/refresh/", "/userprofile/logout/"
USER_UPDATE, USER_AND_APP = f"/userprofile/User_update/{ID}/", "/userprofile/User&App/"
ACTIVITY = "/userprofile/user-activity/"
NEW = "Amber-Fjord8"
LOCKED = "Account locked. Contact admin."
BLOCKED = "Forget password attempts exceeded. Your account has been blocked."


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a scene needs; every request carries the same `Accept`."""

    accept: str
    kim: User
    api: APIClient
    sign_in: Callable[..., APIClient]
    code_of: Callable[..., str]
    wrong_code_for: Callable[..., str]
    settings: Settings
    clock: Any

    def post(self, path: str, body: Any = None, client: Any = None, **headers: str) -> Any:
        headers = {"accept": self.accept, **headers}
        return (client or self.api).post(path, body or {"email": EMAIL}, format="json", headers=headers)

    def get(self, path: str, client: Any = None, **headers: str) -> Any:
        return (client or self.api).get(path, headers={"accept": self.accept, **headers})

    def raw(self, path: str, body: str, content_type: str = JSON) -> Any:
        return self.api.generic(
            "POST", path, body, content_type=content_type, headers={"accept": self.accept}
        )

    def reset(self, code: str) -> Any:
        body = {"email": EMAIL, "otp_entered": code, "new_password": NEW, "confirm_password": NEW}
        return self.post(FORGET, body)

    def again(self, times: int, act: Callable[[], Any]) -> Any:
        return [act() for _ in range(times)][-1]


@pytest.fixture
def stage(
    kims_application: Application,
    kim: User,
    api: APIClient,
    sign_in: Callable[..., APIClient],
    code_of: Callable[..., str],
    wrong_code_for: Callable[..., str],
    settings: Settings,
    clock: object,
) -> Callable[[str], Stage]:
    def with_accept(accept: str) -> Stage:
        return Stage(
            accept=accept,
            kim=kim,
            api=api,
            sign_in=sign_in,
            code_of=code_of,
            wrong_code_for=wrong_code_for,
            settings=settings,
            clock=clock,
        )

    return with_accept


def throttled(s: Stage) -> Any:
    s.settings.THROTTLES, s.settings.THROTTLE_SIGN_IN = True, (1, 60)
    return s.again(2, lambda: s.post(LOGIN, {"email": EMAIL, "password": RIGHT}))


def unavailable(s: Stage) -> Any:
    def refuse(*_: object) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(refuse):
        return s.get("/health/ready")


def expired(s: Stage) -> Any:
    s.post(FORGET)
    code = s.code_of(s.kim)
    s.clock.shift(s.settings.OTP_LIFETIME)
    return s.reset(code)


def used(s: Stage) -> Any:
    s.post(FORGET)
    code = s.code_of(s.kim)
    assert s.reset(code).status_code == 200
    return s.reset(code)


def attempts_exceeded(s: Stage) -> Any:
    s.post(GENERATE)
    wrong = s.wrong_code_for(s.kim, otp.EMAIL_VALIDATION)
    return s.again(s.settings.OTP_MAX_FAILURES, lambda: s.post(VALIDATE, {"email": EMAIL, "otp": wrong}))


def reset_locked(s: Stage) -> Any:
    s.post(FORGET)
    wrong = s.wrong_code_for(s.kim)
    return s.again(s.settings.OTP_MAX_FAILURES, lambda: s.reset(wrong))


def sign_in_locked(s: Stage) -> Any:
    body = {"email": EMAIL, "password": "wrong"}
    return s.again(s.settings.LOGIN_MAX_FAILURES, lambda: s.post(LOGIN, body))


def blocked(s: Stage, path: str = FORGET) -> Any:
    return s.again(s.settings.OTP_MAX_RESENDS + 2, lambda: s.post(path))


def too_early(s: Stage) -> Any:
    blocked(s)
    return s.post(UNBLOCK)


def stale_email_change(s: Stage) -> Any:
    s.settings.ACCESS_TOKEN_LIFETIME = 2 * s.settings.REAUTHENTICATE_AFTER
    client = s.sign_in(s.kim)
    s.clock.shift(s.settings.REAUTHENTICATE_AFTER)
    return s.post(USER_UPDATE, {"email": "new@example.com"}, client)


def taken_username(s: Stage) -> Any:
    User.objects.create_user("taken", "taken@example.com")
    return s.post(USER_UPDATE, {"username": "Taken"}, s.sign_in(s.kim))


REQUIRED = {"email": ["This field is required."], "password": ["This field is required."]}
UNKNOWN = {"email": "nobody@example.com"}
Scene = tuple[str, int, str, str, dict[str, list[str]] | None, Callable[[Stage], Any]]
# The code, the status, the key without problem details, the sentence, the errors, and how to come by them.
SCENES: list[Scene] = [
    ("invalid_input", 400, "detail", "Invalid input.", REQUIRED, lambda s: s.post(LOGIN, {"x": 1})),
    (
        "invalid_input",
        400,
        "error",
        "Invalid input.",
        {"username": ["A user with that username already exists."]},
        taken_username,
    ),
    ("malformed", 400, "detail", "The body is not valid JSON.", None, lambda s: s.raw(LOGIN, "{")),
    ("malformed", 400, "error", "The request is malformed.", None, lambda s: s.get("/", host="evil.example")),
    ("not_found", 404, "error", "Not found.", None, lambda s: s.get("/nope")),
    ("method_not_allowed", 405, "detail", 'Method "GET" not allowed.', None, lambda s: s.get(LOGIN)),
    ("method_not_allowed", 405, "error", "Method Not Allowed.", None, lambda s: s.post("/health/live")),
    (
        "unsupported_media_type",
        415,
        "error",
        'Unsupported media type "text/plain" in request.',
        None,
        lambda s: s.raw(RESEND, "email=kim", "text/plain"),
    ),
    (
        "payload_too_large",
        413,
        "detail",
        "The request body is larger than 64 KiB.",
        None,
        lambda s: s.raw(LOGIN, "x" * 70_000),
    ),
    ("throttled", 429, "detail", "Too many requests. Try again in 60 seconds.", None, throttled),
    (
        "unavailable",
        503,
        "error",
        "The service is unavailable for a moment. Try again.",
        None,
        unavailable,
    ),
    ("user_not_found", 404, "error", "User not found", None, lambda s: s.post(FORGET, UNKNOWN)),
    ("user_not_found", 404, "message", "User not found", None, lambda s: s.post(RESEND, UNKNOWN)),
    ("user_not_found", 404, "message", "User not found", None, lambda s: s.post(GENERATE, UNKNOWN)),
    (
        "user_not_found",
        404,
        "error",
        "User not found",
        None,
        lambda s: s.post(VALIDATE, {**UNKNOWN, "otp": "123456"}),
    ),
    (
        "user_not_found",
        404,
        "error",
        "User does not exist",
        None,
        lambda s: s.post(ACCOUNT_LOCKED, {**UNKNOWN, "Password": "x"}),
    ),
    ("user_not_found", 400, "error", "User not found", None, lambda s: s.post(UNBLOCK, UNKNOWN)),
    (
        "user_not_found",
        404,
        "error",
        "User with provided ID does not exist",
        None,
        lambda s: s.get("/userprofile/User_update/1/", s.sign_in(s.kim)),
    ),
    (
        "user_not_found",
        404,
        "error",
        "User not found.",
        None,
        lambda s: s.get(f"{ACTIVITY}?email=nobody@example.com", s.sign_in(s.kim)),
    ),
    (
        "application_not_found",
        404,
        "error",
        "Application with provided ID does not exist",
        None,
        lambda s: s.get("/application/Application_update/1/", s.sign_in(s.kim)),
    ),
    ("otp_invalid", 400, "error", "Invalid OTP", None, lambda s: s.reset("123456")),
    ("otp_expired", 400, "error", "Expired OTP", None, expired),
    ("otp_used", 400, "error", "OTP is already used", None, used),
    (
        "otp_attempts_exceeded",
        400,
        "error",
        "OTP attempts exceeded. Request a new OTP.",
        None,
        attempts_exceeded,
    ),
    ("account_locked", 403, "error", LOCKED, None, reset_locked),
    ("account_locked", 403, "detail", LOCKED, None, sign_in_locked),
    (
        "account_locked",
        403,
        "error",
        "Invalid credentials. Account locked. Contact admin.",
        None,
        lambda s: s.again(3, lambda: s.post(ACCOUNT_LOCKED, {"email": EMAIL, "Password": "wrong"})),
    ),
    ("account_locked", 403, "message", LOCKED, None, lambda s: reset_locked(s) and s.post(RESEND)),
    ("account_blocked", 403, "error", BLOCKED, None, blocked),
    ("account_blocked", 403, "message", BLOCKED, None, lambda s: blocked(s, RESEND)),
    ("not_blocked", 400, "error", "User is not blocked", None, lambda s: s.post(UNBLOCK)),
    ("too_early", 400, "error", "24 hours have not passed since last attempt", None, too_early),
    (
        "invalid_credentials",
        401,
        "detail",
        "Invalid credentials",
        None,
        lambda s: s.post(LOGIN, {"email": EMAIL, "password": "wrong"}),
    ),
    (
        "invalid_credentials",
        401,
        "error",
        "Invalid credentials. 2 attempts remaining.",
        None,
        lambda s: s.post(ACCOUNT_LOCKED, {"email": EMAIL, "Password": "wrong"}),
    ),
    (
        "not_authenticated",
        401,
        "detail",
        "Authentication credentials were not provided.",
        None,
        lambda s: s.get(USER_UPDATE),
    ),
    ("not_authenticated", 401, "error", "User is not authenticated.", None, lambda s: s.post(LOGOUT)),
    (
        "token_invalid",
        401,
        "detail",
        "Token is invalid or expired",
        None,
        lambda s: s.get(USER_UPDATE, authorization="Bearer x"),
    ),
    (
        "token_invalid",
        401,
        "detail",
        "Token is invalid or expired",
        None,
        lambda s: s.post(REFRESH, {"refresh_token": "x"}),
    ),
    (
        "reauthentication_required",
        403,
        "error",
        "Sign in again or send current_password to change the email.",
        None,
        stale_email_change,
    ),
    (
        "cross_site",
        403,
        "error",
        "Cross-site sign-in refused.",
        None,
        lambda s: s.post(ACCOUNT_LOCKED, **{"sec-fetch-site": "cross-site"}),
    ),
    (
        "target_required",
        400,
        "error",
        "user_id or application_id is required",
        None,
        lambda s: s.post(USER_AND_APP, {"first_name": "Kim"}, s.sign_in(s.kim)),
    ),
    (
        "target_required",
        400,
        "error",
        "Give user_id or application_id, not both",
        None,
        lambda s: s.post(USER_AND_APP, {"user_id": ID, "application_id": ID}, s.sign_in(s.kim)),
    ),
]
CODES = {
    "invalid_input",
    "malformed",
    "not_found",
    "method_not_allowed",
    "unsupported_media_type",
    "payload_too_large",
    "throttled",
    "unavailable",
    "user_not_found",
    "application_not_found",
    "otp_invalid",
    "otp_expired",
    "otp_used",
    "otp_attempts_exceeded",
    "account_locked",
    "account_blocked",
    "not_blocked",
    "too_early",
    "invalid_credentials",
    "not_authenticated",
    "token_invalid",
    "reauthentication_required",
    "cross_site",
    "target_required",
}

each_scene = pytest.mark.parametrize(
    ("code", "status", "key", "sentence", "errors", "act"),
    SCENES,
    ids=[f"{scene[0]}-{scene[2]}-{number}" for number, scene in enumerate(SCENES)],
)


def test_every_code_of_the_contract_has_a_scene() -> None:
    assert {scene[0] for scene in SCENES} == CODES


@each_scene
def test_refusal_as_problem_details(
    code: str,
    status: int,
    key: str,
    sentence: str,
    errors: Any,
    act: Callable[[Stage], Any],
    stage: Callable[[str], Stage],
) -> None:
    response = act(stage(PROBLEM))
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": sentence, "code": code}
    assert response.json() == (body if errors is None else {**body, "errors": errors})
    assert response.status_code == status
    assert response.headers["Content-Type"] == PROBLEM
    assert "Accept" in response.headers["Vary"]


@each_scene
def test_refusal_without_the_header(
    code: str,
    status: int,
    key: str,
    sentence: str,
    errors: Any,
    act: Callable[[Stage], Any],
    stage: Callable[[str], Stage],
) -> None:
    response = act(stage("*/*"))
    assert response.json() == ({key: sentence} if errors is None else {key: sentence, "details": errors})
    assert response.status_code == status
    assert response.headers["Content-Type"] == JSON
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize(
    ("accept", "is_problem"),
    [
        (PROBLEM, True),
        ("Application/Problem+JSON", True),
        ("application/json, application/problem+json;q=0.5", True),
        ("application/problem+json ; q=1 , */*", True),
        ("text/html;q=0.9,application/problem+json; charset=utf-8", True),
        ("application/problem+json;q=0", False),
        ("application/problem+json; q=0.000", False),
        ("application/problem+xml", False),
        ("application/*", False),
        ("application/json", False),
        ("text/html", False),
        ("", False),
    ],
)
def test_problem_details_only_for_who_names_them(
    accept: str, is_problem: bool, api: APIClient, db: None
) -> None:
    for path in ("/nope", LOGIN):
        response = api.get(path, headers={"accept": accept})
        assert response.headers["Content-Type"] == (PROBLEM if is_problem else JSON), path


def test_without_accept_nothing_changes(api: APIClient, db: None) -> None:
    assert api.get("/nope").json() == {"error": "Not found."}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", LOGIN, {"email": EMAIL, "password": RIGHT}),
        ("post", FORGET, {"email": EMAIL}),
        ("get", "/health/live", None),
        ("get", "/", None),
    ],
)
def test_success_stays_application_json(method: str, path: str, body: Any, api: APIClient, kim: User) -> None:
    response = getattr(api, method)(path, body, headers={"accept": PROBLEM})
    assert (response.status_code, response.headers["Content-Type"]) == (200, JSON)
    assert "code" not in response.json()


def test_headers_of_the_refusal_are_kept(api: APIClient, db: None) -> None:
    refused = api.get(USER_UPDATE, headers={"accept": PROBLEM})
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="userprofile"'
    assert "POST" in api.get(LOGIN, headers={"accept": PROBLEM}).headers["Allow"]
    assert "GET" in api.post("/health/live", headers={"accept": PROBLEM}).headers["Allow"]
