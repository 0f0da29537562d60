"""Every endpoint against hostile bodies and headers: 4xx in JSON, and never a 500."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings
from rest_framework.test import APIClient

from config.wsgi import application as wsgi_application
from userprofile.models import LoginActivity, User
from userprofile.tests.api.doors import (
    ACCOUNT_LOCKED,
    DOORS,
    EMAIL,
    LOGIN,
    LOGOUT,
    READING_DOORS,
    RIGHT,
    USER_AND_APP,
    Door,
    each,
)

pytestmark = pytest.mark.django_db

AtTheDoor = Callable[[Door], Any]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
MALFORMED = "The body is not valid JSON."
TOO_DEEP = "The body is nested too deeply."
TOO_LARGE = "The request body is larger than 64 KiB."

# --- Bodies -----------------------------------------------------------------------------------


def send(client: Any, door: Door, body: bytes | str, content_type: str, method: str = "") -> Any:
    """The body as it is, with nothing encoded and nothing judged on the way."""
    return client.generic(method or door.writing_methods[0], door.path, body, content_type=content_type)


def sentence_of(response: Any, door: Door) -> tuple[int, Any]:
    body = response.json()
    return response.status_code, body.get(door.error_key, body)


MALFORMED_JSON = [
    b"",
    b"{",
    b"}",
    b"{'email': 'kim'}",
    b'{"email": }',
    b'{"email": "kim@example.com",}',
    b'{"email": "kim@example.com"} x',
    b'{"email": "a", "email": "b"}',
    b'{"x": {"a": 1, "a": 2}}',
    b'{"email": NaN}',
    b'{"email": Infinity}',
    b'{"email": -Infinity}',
    b'{"email": 01}',
    b'{"email": "a\nb"}',
    b'{"email": "\\x41"}',
    b'\xef\xbb\xbf{"email": "kim@example.com"}',
    '{"email": "kim@example.com"}'.encode("utf-16"),
    b'{"email": "\xff\xfe"}',
    b'{"email": "\xed\xa0\x80"}',
    b'{"email": 1' + b"0" * 5000 + b"}",
    b"nul",
    b"\x00",
    b"email=kim@example.com",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b"[" * 30_000 + b"]" * 30_000,
]


@each(READING_DOORS)
@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
def test_malformed_json_is_a_400(door: Door, debug: bool, at_the_door: AtTheDoor, settings: Settings) -> None:
    settings.DEBUG = debug
    client = at_the_door(door)
    for body in MALFORMED_JSON:
        for method in door.writing_methods if debug else door.writing_methods[:1]:
            response = send(client, door, body or b" ", JSON, method)
            assert sentence_of(response, door) == (400, MALFORMED), body[:40]


@each(READING_DOORS)
def test_deep_nesting_is_a_400(door: Door, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    for depth in (17, 100, 400):
        nested = "[" * depth + "]" * depth
        response = send(client, door, f'{{"unknown": {nested}}}', JSON)
        assert sentence_of(response, door) == (400, TOO_DEEP), depth


def test_shallow_nesting_is_none_of_our_business(api: APIClient, kim: User) -> None:
    nested = "[" * 14 + "]" * 14
    body = f'{{"email": "{EMAIL}", "password": "{RIGHT}", "unknown": {nested}}}'
    assert api.post(LOGIN.path, body, content_type=JSON).status_code == 200


@each(READING_DOORS)
def test_json_that_is_no_object_is_a_400(door: Door, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    for body in (b"null", b"[]", b"[{}]", b'"email"', b"1", b"1.5", b"true", b"[null]", b"1e999"):
        response = send(client, door, body, JSON)
        assert sentence_of(response, door) == (400, "Invalid input."), body
        (messages,) = response.json()["details"].values()
        assert messages, body


@each(READING_DOORS)
def test_empty_body_is_a_400(door: Door, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    for content_type in (JSON, FORM, MULTIPART, "text/plain", ""):
        response = send(client, door, b"", content_type)
        expected = (
            400,
            "user_id or application_id is required" if door is USER_AND_APP else "Invalid input.",
        )
        assert sentence_of(response, door) == expected, content_type


@each(READING_DOORS)
def test_wrong_content_type_is_415(door: Door, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    body = json.dumps(door.body)
    for content_type in (
        "text/plain",
        "text/html",
        "application/xml",
        "application/octet-stream",
        "json",
        ";;",
        "/",
    ):
        for method in door.writing_methods:
            response = send(client, door, body, content_type, method)
            assert response.status_code == 415, content_type
            assert set(response.json()) == {door.error_key}, content_type


@each(READING_DOORS)
def test_wrong_charset_is_415(door: Door, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    body = json.dumps(door.body)
    for media_type in (JSON, FORM, MULTIPART):
        for charset in (
            "latin-1",
            "utf-16",
            '"utf-7"',
            "",
            "no-such-thing",
            "rot13",
            "idna",
            "hex",
        ):
            response = send(client, door, body, f"{media_type}; charset={charset}")
            assert sentence_of(response, door) == (415, "Only the charset UTF-8 is read."), charset


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8", "us-ascii"])
def test_utf8_by_any_of_its_names_is_read(charset: str, api: APIClient, kim: User) -> None:
    body = json.dumps(LOGIN.body)
    response = api.generic("POST", LOGIN.path, body, content_type=f"{JSON}; charset={charset}")
    assert response.status_code == 200


BROKEN_MULTIPART = [
    ("multipart/form-data", b"x"),
    ("multipart/form-data; boundary=", b"--\r\n"),
    ("multipart/form-data; boundary=é", b"--x\r\n"),
]


@each(READING_DOORS)
def test_broken_multipart_is_a_400(door: Door, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    for content_type, body in BROKEN_MULTIPART:
        response = send(client, door, body, content_type)
        assert response.status_code == 400, (content_type, response.content)
        assert set(response.json()) == {door.error_key}, content_type


MULTIPART_WITHOUT_FIELDS = [
    b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--',
    b"nonsense",
    b"--x",
    b"--x\r\n\r\n\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="ema',
    b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data; name*=bogus''email\r\n\r\na\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: attachment; filename=a\r\n\r\na\r\n--x--\r\n",
    b"--x\r\nNo colon\r\n\r\na\r\n--x--\r\n",
]


def test_multipart_without_fields_is_a_400(api: APIClient, db: None) -> None:
    api.raise_request_exception = False
    for body in MULTIPART_WITHOUT_FIELDS:
        response = send(api, LOGIN, body, MULTIPART)
        assert response.status_code == 400, (body, response.content)
        assert set(response.json()) <= {"detail", "details"}


def test_too_many_fields_or_files_are_a_400(api: APIClient, db: None, settings: Settings) -> None:
    most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    sentence = {"detail": "The form has too many fields."}
    form = api.post(LOGIN.path, "&".join(["a=1"] * (most + 1)), content_type=FORM)
    assert (form.status_code, form.json()) == (400, sentence)
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    file = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n1\r\n'
    for parts in (part * (most + 1), file * (settings.DATA_UPLOAD_MAX_NUMBER_FILES + 1)):
        response = send(api, LOGIN, parts + b"--x--\r\n", MULTIPART)
        assert (response.status_code, response.json()) == (400, sentence)


# --- Large bodies -----------------------------------------------------------------------------


def padded(size: int) -> bytes:
    body = json.dumps({**LOGIN.body, "padding": ""}).encode()
    return body[:-2] + b"x" * (size - len(body)) + b'"}'


@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
@each(DOORS)
def test_body_over_the_limit_is_413(
    door: Door, debug: bool, api: APIClient, db: None, settings: Settings
) -> None:
    settings.DEBUG = debug
    limit = settings.MAX_BODY_BYTES
    for content_type in (JSON, FORM, MULTIPART, "text/plain"):
        for method in door.methods:
            response = send(api, door, b"x" * (limit + 1), content_type, method)
            assert (response.status_code, response.json()) == (413, {door.error_key: TOO_LARGE})
            assert response.headers["Connection"] == "close"


def test_body_at_the_limit_is_read(api: APIClient, kim: User, settings: Settings) -> None:
    body = padded(settings.MAX_BODY_BYTES)
    assert len(body) == 64 * 1024
    assert api.post(LOGIN.path, body, content_type=JSON).status_code == 200


def test_large_file_in_a_multipart_body_is_413(api: APIClient, db: None) -> None:
    response = api.post(LOGIN.path, {"email": EMAIL, "file": io.BytesIO(b"x" * 70_000)}, format="multipart")
    assert (response.status_code, response.json()) == (413, {"detail": TOO_LARGE})


@pytest.mark.parametrize("path", ["/", "/nope", "/docs/", "/api/schema/", "/health/live"])
def test_large_body_is_413_at_the_pages_too(path: str, client: Client, settings: Settings) -> None:
    response = client.generic("POST", path, b"x" * (settings.MAX_BODY_BYTES + 1), content_type=JSON)
    assert (response.status_code, response.json()) == (413, {"error": TOO_LARGE})


def chunked(api: Any, body: bytes) -> Any:
    """A chunked body as gunicorn hands it over: no length, an input that ends."""
    environ: dict[str, Any] = {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "",
    }
    return api.generic("POST", LOGIN.path, content_type=JSON, **environ)


def test_chunked_body_is_read(api: APIClient, kim: User) -> None:
    assert chunked(api, json.dumps(LOGIN.body).encode()).status_code == 200


def test_chunked_body_over_the_limit_is_413(api: APIClient, kim: User, settings: Settings) -> None:
    assert chunked(api, padded(settings.MAX_BODY_BYTES)).status_code == 200
    response = chunked(api, padded(settings.MAX_BODY_BYTES + 1))
    assert (response.status_code, response.json()) == (413, {"detail": TOO_LARGE})


@pytest.mark.parametrize(
    ("length", "status"),
    [("9" * 5000, 413), ("99999999999999999999", 413), ("-1", 400), ("1e3", 400), ("²", 400)],
)
def test_absurd_length_is_refused(length: str, status: int, api: APIClient, db: None) -> None:
    response = api.generic("POST", LOGIN.path, CONTENT_LENGTH=length)
    assert (response.status_code, set(response.json())) == (status, {"detail"})


# --- Headers ----------------------------------------------------------------------------------


def through_wsgi(path: str, **headers: str) -> tuple[int, str, Any]:
    """As a server calls the service: what Django raises before its own handlers shows only here."""
    environ = RequestFactory().generic("POST", path, b"{}").environ | headers
    started: list[Any] = []
    server: Any = wsgi_application
    body = b"".join(server(environ, lambda *given: started.extend(given)))
    status, given_headers = started[0], dict(started[1])
    return int(status.split()[0]), given_headers["Content-Type"], json.loads(body)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset*=bogus''utf-8",
        "multipart/form-data; boundary*=bogus''x",
        "text/plain; a*=x'y'z",
    ],
)
def test_unreadable_content_type_is_415(content_type: str, db: None) -> None:
    status, answered, body = through_wsgi(LOGIN.path, CONTENT_TYPE=content_type)
    assert (status, answered) == (415, JSON)
    assert body == {"detail": 'Unsupported media type "unreadable/unreadable" in request.'}


@pytest.mark.parametrize("accept", ["text/html; a*=bogus''x", "text/html;q=x", "\xff", "*/*" * 2000])
def test_odd_accept_is_no_fault(accept: str, client: Client, db: None) -> None:
    for path, status in (("/", 200), ("/nope", 404), ("/health/live", 200)):
        assert client.get(path, headers={"accept": accept}).status_code == status


@pytest.mark.parametrize(
    "origin", ["http://[::1", "null", "\xff", "https://" + "x" * 8000, "://", "http://a b"]
)
def test_odd_origin_is_no_fault(origin: str, client: Client, kim: User, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    response = client.post(LOGIN.path, LOGIN.body, headers={"origin": origin})
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response.headers
    refused = client.post(ACCOUNT_LOCKED.path, ACCOUNT_LOCKED.body, headers={"origin": origin})
    assert (refused.status_code, refused.json()) == (403, {"error": "Cross-site sign-in refused."})


HOSTILE_COOKIES = [
    'sessionid="abcdefgh\\000"',
    "sessionid=" + "a" * 8000,
    "sessionid=",
    "sessionid=\xff\xfe\xff\xfe\xff\xfe\xff\xfe",
    'sessionid="abcdefgh\\377\\376"',
    "sessionid=abcdefgh'; DROP TABLE x; --",
    "=;=;;;sessionid",
    "csrftoken=\x00; messages=x",
]


@pytest.mark.parametrize("cookie", HOSTILE_COOKIES)
def test_hostile_cookie_is_no_session(cookie: str, kim: User, api: APIClient) -> None:
    api.raise_request_exception = False
    logout = api.post(LOGOUT.path, headers={"cookie": cookie})
    assert (logout.status_code, logout.json()) == (401, {"error": "User is not authenticated."})
    entered = api.post(ACCOUNT_LOCKED.path, ACCOUNT_LOCKED.body, headers={"cookie": cookie})
    assert (entered.status_code, entered.json()) == (200, {"message": "Login successful"})
    assert api.get("/admin/", headers={"cookie": cookie}).status_code == 302


def test_hostile_user_agent_is_logged_in_print(api: APIClient, kim: User) -> None:
    agents = ["\x00\x07", "\xff\xfe", "x" * 8000, "<script>", "\u0600", "%00"]
    for agent in agents:
        api.post(LOGIN.path, LOGIN.body, headers={"user-agent": agent.encode().decode("latin-1")})
    logged = LoginActivity.objects.values_list("user_agent", flat=True)
    assert len(logged) == len(agents)
    assert all(len(agent) <= 512 and agent.isprintable() for agent in logged)
