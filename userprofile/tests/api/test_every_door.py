"""What holds at every endpoint: names, aliases, encodings, methods, who may come in, what bars the way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import Resolver404, get_resolver, resolve, reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.models import User
from userprofile.tests.api.doors import (
    ACTIVITY,
    CLOSED_DOORS,
    DOORS,
    EMAIL,
    ID,
    LOGOUT,
    OPEN_DOORS,
    OTP,
    READING_DOORS,
    Door,
    each,
)

pytestmark = pytest.mark.django_db

AtTheDoor = Callable[[Door], APIClient]
STALE = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzaWQiOjF9.c3RhbGU"
NOT_SIGNED_IN = {"detail": "Authentication credentials were not provided."}
TOKEN_REFUSED = {"detail": "Token is invalid or expired"}
NOT_AUTHENTICATED = {"error": "User is not authenticated."}
UNAVAILABLE = "The service is unavailable for a moment. Try again."
JSON = "application/json"
# Where no body is sent that would succeed, each door has a refusal by which one knows its rule was reached.
FIRST_ANSWERS = {
    "forgot_reset_password": (400, {"error": "Invalid OTP"}),
    "Resend_OTP": (200, {"message": "OTP Resend successfully"}),
    "SendAndVerifyOTP": (400, {"error": "Invalid OTP"}),
    "ValidateEmail": (400, {"error": "Invalid OTP"}),
    "account_locked": (200, {"message": "Login successful"}),
    "UnblockUser": (400, {"error": "User is not blocked"}),
    "Update_User_Details": (200, {"message": "User details updated successfully"}),
    "Update_Application_Details": (200, {"message": "Application details updated successfully"}),
    "Update_User_and_Application_Details": (200, {"message": "User details updated successfully"}),
    "token_refresh": (401, {"detail": "Token is invalid or expired"}),
    "logout": (200, {"detail": "Logout successful."}),
}


def send(client: Any, door: Door, method: str, path: str = "", **headers: str) -> Any:
    path = path or door.path
    if method in ("get", "head"):
        return getattr(client, method)(path, door.body, headers=headers)
    return getattr(client, method)(path, json.dumps(door.body), content_type=JSON, headers=headers)


def answer(response: Any) -> tuple[int, Any]:
    return response.status_code, response.json()


def is_the_first_answer(door: Door, response: Any) -> bool:
    """The answers whose bodies hold tokens or rows differ each time: their keys must do."""
    status, body = answer(response)
    if door.name == "login":
        return status == 200 and set(body) == {"access_token", "refresh_token"}
    if door.name == "user_activity":
        return status == 200 and bool(body["email"] == EMAIL)
    return FIRST_ANSWERS[door.name] == (status, body)


def view_of(path: str) -> Any:
    return resolve(path).func.cls  # type: ignore[attr-defined]


# --- Where ------------------------------------------------------------------------------------


@each(DOORS)
def test_reverse_name_leads_to_the_canonical_path(door: Door) -> None:
    arguments = [ID] if str(ID) in door.path else []
    assert reverse(door.name, args=arguments) == door.path


@pytest.mark.parametrize(
    ("path", "view"),
    [
        ("/userprofile/forget_password/", "ForgotResetPassword"),
        ("/userprofile/Resend_OTP/", "Resend_OTP"),
        ("/userprofile/Generate_OTP/", "SendAndVerifyOTP"),
        ("/userprofile/Email-Validation/", "ValidateEmail"),
        ("/userprofile/account_locked/", "AccountLocked"),
        ("/userprofile/User_unblock/", "UnblockUser"),
        ("/userprofile/User_update/1/", "UpdateUser"),
        ("/application/Application_update/1/", "UpdateApplication"),
        ("/userprofile/User&App/", "UpdateAPIView"),
        ("/userprofile/login/", "LoginView"),
        ("/userprofile/user-activity/", "UserLoginActivityView"),
        ("/userprofile/logout/", "LogoutView"),
    ],
)
def test_view_bears_the_seeds_name(path: str, view: str) -> None:
    assert view_of(path).__name__ == view


@each(DOORS)
def test_aliases_share_the_view(door: Door) -> None:
    views = {view_of(path) for path in door.every_path}
    assert len(views) == 1


@each(DOORS)
def test_missing_slash_is_answered_by_the_view(door: Door) -> None:
    assert {view_of(path.rstrip("/")) for path in door.every_path} == {view_of(door.path)}


def test_no_endpoint_is_missing_from_the_table() -> None:
    """A new path must be added to the table, or none of these rules is tested for it."""
    known = {view_of(path) for door in DOORS for path in door.every_path}
    assert {view.cls for view in _api_views(get_resolver().url_patterns)} - known == set()


def _api_views(patterns: Any) -> Iterator[Any]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _api_views(pattern.url_patterns)
        elif hasattr(pattern.callback, "cls") and not pattern.callback.cls.__module__.startswith("drf_"):
            yield pattern.callback


# --- What is sent -----------------------------------------------------------------------------


@each(READING_DOORS)
@pytest.mark.parametrize("encoding", ["json", "form", "multipart"])
def test_json_forms_and_multipart_are_read_alike(door: Door, encoding: str, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    if encoding == "form":
        response = _send_form(client, door)
    else:
        response = getattr(client, door.methods[-1])(door.path, door.body, format=encoding)
    assert is_the_first_answer(door, response), response.content


def _send_form(client: APIClient, door: Door) -> Any:
    body = urlencode({name: str(value) for name, value in door.body.items()})
    form = "application/x-www-form-urlencoded; charset=utf-8"
    return getattr(client, door.methods[-1])(door.path, body, content_type=form)


@each(DOORS)
def test_every_alias_and_slashless_spelling_answers(
    door: Door, at_the_door: AtTheDoor, user_is_fresh: Callable[[], None]
) -> None:
    for path in door.every_path:
        for spelling in (path, path.rstrip("/")):
            client = at_the_door(door)
            response = send(client, door, door.methods[-1], spelling)
            assert is_the_first_answer(door, response), (spelling, response.content)
            user_is_fresh()


@pytest.fixture
def user_is_fresh(kim: User) -> Callable[[], None]:
    """Puts the user back, so that the next spelling finds what the first one found."""
    before = User.objects.filter(pk=kim.pk).values().get()

    def restore() -> None:
        User.objects.filter(pk=kim.pk).update(**before)

    return restore


@each(READING_DOORS)
def test_unknown_fields_are_ignored(door: Door, at_the_door: AtTheDoor) -> None:
    extra = {"is_superuser": True, "is_staff": True, "unknown": {"a": [1, None]}, "\ud800": "\x00", "id": -1}
    body = json.dumps({**door.body, **extra})
    response = getattr(at_the_door(door), door.methods[-1])(door.path, body, content_type=JSON)
    assert is_the_first_answer(door, response), response.content
    assert not User.objects.filter(is_staff=True).exists()


@each(DOORS)
def test_answers_are_json_in_utf8(door: Door, at_the_door: AtTheDoor) -> None:
    response = send(at_the_door(door), door, door.methods[-1])
    assert response.headers["Content-Type"] == JSON
    json.loads(response.content.decode("utf-8"))


@each(DOORS)
def test_accept_is_never_answered_with_406(door: Door, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    for accept in ("application/xml", "text/html", "image/png;q=0.1", "nonsense", "*/*;q=x", ";", ","):
        response = send(client, door, door.methods[-1], accept=accept)
        assert response.headers["Content-Type"] == JSON, accept
        assert response.status_code != 406, accept


# --- Who may come in --------------------------------------------------------------------------


@each(OPEN_DOORS)
@pytest.mark.parametrize(
    "authorization", [STALE, "Bearer", "Bearer a b", "Basic Zm9vOmJhcg==", "Token x", "\xff"]
)
def test_open_doors_ignore_the_authorization_header(
    door: Door, authorization: str, at_the_door: AtTheDoor
) -> None:
    response = send(at_the_door(door), door, "post", authorization=authorization)
    assert is_the_first_answer(door, response), response.content


@each(CLOSED_DOORS)
def test_closed_doors_refuse_a_caller_without_a_token(
    door: Door, api: APIClient, kims_application: object
) -> None:
    expected = NOT_AUTHENTICATED if door is LOGOUT else NOT_SIGNED_IN
    for method in door.methods:
        for path in door.every_path:
            response = send(api, door, method, path)
            assert answer(response) == (401, expected), (method, path)
            if door is not LOGOUT:
                assert response.headers["WWW-Authenticate"] == 'Bearer realm="userprofile"'


@each(CLOSED_DOORS)
@pytest.mark.parametrize("authorization", [STALE, "Bearer \xff\xfe", "bearer x.y.z", "Bearer ."])
def test_closed_doors_refuse_a_bad_token(door: Door, authorization: str, api: APIClient) -> None:
    expected = NOT_AUTHENTICATED if door is LOGOUT else TOKEN_REFUSED
    for method in door.methods:
        assert answer(send(api, door, method, authorization=authorization)) == (401, expected)


@each(CLOSED_DOORS)
@pytest.mark.parametrize("authorization", ["Bearer", "Bearer two words"])
def test_closed_doors_refuse_a_malformed_header(door: Door, authorization: str, api: APIClient) -> None:
    sentence = {"detail": "Authorization must be 'Bearer' and one token."}
    expected = NOT_AUTHENTICATED if door is LOGOUT else sentence
    assert answer(send(api, door, door.methods[0], authorization=authorization)) == (401, expected)


@each(CLOSED_DOORS)
def test_other_schemes_are_no_sign_in(door: Door, api: APIClient) -> None:
    expected = NOT_AUTHENTICATED if door is LOGOUT else NOT_SIGNED_IN
    for authorization in ("Basic Zm9vOmJhcg==", "Token abc", ""):
        assert answer(send(api, door, door.methods[0], authorization=authorization)) == (401, expected)


@each(CLOSED_DOORS)
def test_scheme_is_read_in_any_case(
    door: Door, kims_application: object, kim: User, sign_in: Callable[[User], Any], api: APIClient
) -> None:
    token = sign_in(kim).tokens["access_token"]
    response = send(api, door, door.methods[0], authorization=f"bEaReR {token}")
    assert response.status_code == 200


@each(OPEN_DOORS)
def test_deactivated_user_is_answered_like_an_unknown_one(
    door: Door, at_the_door: AtTheDoor, kim: User
) -> None:
    client = at_the_door(door)
    body = {**door.body, "email": "nobody@example.com"}
    unknown = client.post(door.path, json.dumps(body), content_type=JSON)
    User.objects.filter(pk=kim.pk).update(is_active=False)
    assert answer(send(client, door, "post")) == answer(unknown)


# --- Methods ----------------------------------------------------------------------------------


@each(DOORS)
def test_wrong_method_is_405_with_allow(door: Door, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    for method in door.wrong_methods:
        response = send(client, door, method)
        assert response.status_code == 405, method
        allowed = {name.strip().lower() for name in response.headers["Allow"].split(",")}
        assert allowed - {"options", "head"} == set(door.methods), method
        if method != "head":
            sentence = f'Method "{method.upper()}" not allowed.'
            assert response.json() == {door.error_key: sentence}, method


@each(DOORS)
@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "x", "POST "])
def test_unheard_of_method_is_405(door: Door, method: str, at_the_door: AtTheDoor) -> None:
    response = at_the_door(door).generic(method, door.path)
    assert (response.status_code, response.headers["Content-Type"]) == (405, JSON)
    assert response.headers["Allow"]


@each(CLOSED_DOORS)
def test_wrong_method_is_405_without_a_token_too(door: Door, api: APIClient) -> None:
    for method in door.wrong_methods:
        assert send(api, door, method).status_code == 405, method


@pytest.mark.parametrize("path", ["/", "/health/live", "/health/ready", "/docs/", "/api/schema/"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_pages_are_read_only(path: str, method: str, client: Client) -> None:
    response = getattr(client, method)(path)
    assert (response.status_code, set(response.json())) == (405, {"error"})
    assert "GET" in response.headers["Allow"]


# --- Unknown paths ----------------------------------------------------------------------------

UNKNOWN_PATHS = [
    "/nope",
    "/userprofile/",
    "/userprofile/Login/",
    "/userprofile/login//",
    "/userprofile/login/x",
    "/application/",
    "/api/",
    "/health/",
    "/static/nope.css",
    "/userprofile/login%00/",
    "/userprofile/%ff%fe/",
    "/%e2%82/",
    "/userprofile//login/",
    "/../etc/passwd",
    "/userprofile/User_update//",
    "/" + "a" * 8000,
]


@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
@pytest.mark.parametrize("path", UNKNOWN_PATHS)
def test_unknown_path_is_a_json_404(path: str, debug: bool, settings: Settings) -> None:
    settings.DEBUG = debug
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"):
        response = Client(raise_request_exception=False).generic(method, path)
        assert answer(response) == (404, {"error": "Not found."}), method
        assert response.headers["Content-Type"] == JSON


def test_path_with_an_ampersand_may_be_escaped(api: APIClient, kim: User) -> None:
    assert answer(api.post("/userprofile/User%26App/")) == (401, NOT_SIGNED_IN)
    with pytest.raises(Resolver404):
        get_resolver("userprofile.urls").resolve("User&App/more")


# --- Hosts ------------------------------------------------------------------------------------


@each(DOORS)
@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
def test_bad_host_is_400(door: Door, debug: bool, settings: Settings, api: APIClient) -> None:
    settings.DEBUG = debug
    for host in ("evil.example", "testserver.evil.example", "a b", "testserver:x", "[::1", ""):
        response = send(api, door, door.methods[0], host=host)
        assert answer(response) == (400, {door.error_key: "The request is malformed."}), host


@pytest.mark.parametrize("path", ["/", "/nope", "/docs/", "/api/schema/", "/health/live", "/static/x.css"])
def test_bad_host_is_400_at_the_pages_too(path: str, client: Client) -> None:
    response = client.get(path, headers={"host": "evil.example"})
    assert answer(response) == (400, {"error": "The request is malformed."})


def test_forwarded_host_is_no_host(client: Client) -> None:
    response = client.get("/", headers={"x-forwarded-host": "evil.example"})
    assert response.status_code == 200


# --- The database is away ---------------------------------------------------------------------


@contextmanager
def database_away(kind: type[Exception]) -> Iterator[None]:
    def refuse(execute: object, sql: str, *rest: object) -> None:
        if sql.startswith(("SAVEPOINT", "ROLLBACK", "RELEASE")):
            return
        raise kind("server closed the connection unexpectedly")

    with connection.execute_wrapper(refuse):
        yield


@each(DOORS)
@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_lost_database_is_503_with_retry_after(
    door: Door, kind: type[Exception], at_the_door: AtTheDoor, settings: Settings
) -> None:
    client = at_the_door(door)
    if door.name == "token_refresh":
        response = _refresh_without_database(client, kind)
    else:
        with database_away(kind):
            response = send(client, door, door.methods[-1])
    assert answer(response) == (503, {door.error_key: UNAVAILABLE})
    assert int(response.headers["Retry-After"]) > 0


def _refresh_without_database(client: APIClient, kind: type[Exception]) -> Any:
    """A token that is no token is refused without asking the database."""
    login = client.post("/userprofile/login/", {"email": EMAIL, "password": "Violet-Kite7"}).json()
    with database_away(kind):
        return client.post("/userprofile/token/refresh/", {"refresh_token": login["refresh_token"]})


def test_database_lost_while_the_django_session_is_saved_is_503(kim: User, cookies: Client) -> None:
    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "django_session" in sql:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        response = cookies.post("/userprofile/account_locked/", {"email": EMAIL, "Password": "Violet-Kite7"})
    assert answer(response) == (503, {"error": UNAVAILABLE})
    assert int(response.headers["Retry-After"]) > 0


def test_full_stop_is_503_for_throttled_doors_too(kim: User, api: APIClient, settings: Settings) -> None:
    settings.THROTTLES = True
    with database_away(OperationalError):
        response = api.post("/userprofile/Resend_OTP/", {"email": EMAIL})
    assert answer(response) == (503, {"error": UNAVAILABLE})


# --- Faults of ours ---------------------------------------------------------------------------


@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
def test_fault_of_ours_is_json_and_tells_nothing(
    debug: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch, kim: User, api: APIClient
) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError("a secret of the house")

    monkeypatch.setattr("userprofile.journeys.login.sign_in", fail)
    settings.DEBUG = debug
    api.raise_request_exception = False
    response = api.post("/userprofile/login/", {"email": EMAIL, "password": "x"})
    assert answer(response) == (500, {"detail": "Something went wrong here. It has been recorded."})


def test_otp_of_the_table_has_the_length_of_the_setting(settings: Settings) -> None:
    assert len(OTP) == settings.OTP_LENGTH
    assert ACTIVITY.methods == ("get",)
