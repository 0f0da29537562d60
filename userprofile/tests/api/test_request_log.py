"""The log: one JSON object a line, one id a request, and never a secret."""

import json
import logging
import logging.config
import os
import re
import runpy
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.db import OperationalError
from rest_framework.test import APIClient

from config.request_log import AddRequestId
from userprofile.models import User
from userprofile.tests.faults import load
from userprofile.tests.races import databases, server

pytestmark = pytest.mark.django_db
Written = Callable[[bool], str]
ACTIVITY = "/userprofile/user-activity/"


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, 'quoted"id-here', "zeile\ttab-tab", "ümlaut-ümlaut"]
)
def test_a_request_gets_an_id_of_its_own(given: str, api: APIClient) -> None:
    answers = [api.get("/health/live", headers={"x-request-id": given}) for _ in range(2)]
    ids = {answer.headers["X-Request-ID"] for answer in answers}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}", found) for found in ids)


def test_a_plain_id_of_the_callers_is_kept(api: APIClient) -> None:
    answer = api.get("/no/such/page", headers={"x-request-id": "edge-7f3a.0001"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (404, "edge-7f3a.0001")


def test_every_line_of_a_request_has_its_id(
    api: APIClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caplog.handler, "filters", [AddRequestId()])
    caplog.set_level("INFO")
    answer = api.get("/health/ready", headers={"x-request-id": "first-request"})
    api.get("/health/live?email=kim@example.com", headers={"x-request-id": "second-request"})
    lines = [(record.request_id, record.getMessage()) for record in caplog.records]  # type: ignore[attr-defined]
    assert answer.status_code == 200
    assert lines == [("first-request", "GET /health/ready 200"), ("second-request", "GET /health/live 200")]


# --- Lines ------------------------------------------------------------------------------------


def formatter_of(debug: bool) -> logging.Formatter:
    """As the settings configure it, with DEBUG or without."""
    variables = {**os.environ, "DEBUG": "on" if debug else "off"}
    with mock.patch.dict(os.environ, variables):
        told = runpy.run_path(str(settings.BASE_DIR / "config" / "settings.py"))["LOGGING"]
    chosen: str = told["handlers"]["console"]["formatter"]
    found = logging.config.DictConfigurator(told).configure_formatter(told["formatters"][chosen])
    assert isinstance(found, logging.Formatter)
    return found


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Written:
    """`written(debug=True)`: the log so far, as it would stand on standard error."""
    monkeypatch.setattr(caplog.handler, "filters", [AddRequestId()])
    caplog.set_level("INFO")
    return lambda debug: "\n".join(map(formatter_of(debug).format, caplog.records))


FORGERIES = ["%0aforged", "%0d%0aforged", "%1b[2Kforged", "%7fforged", "%c2%85forged", "%e2%80%a8forged"]


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_path_writes_a_line_of_its_own(
    forgery: str, debug: bool, api: APIClient, written: Written
) -> None:
    assert api.get(f"/x{forgery}").status_code == 404
    [line] = written(debug).splitlines()
    assert line.isascii()
    assert line.isprintable()
    assert "GET /x" in line
    if not debug:
        assert all(str(value).isprintable() for value in json.loads(line).values())


@pytest.mark.parametrize("debug", [True, False])
def test_no_message_writes_a_line_of_its_own(debug: bool, written: Written) -> None:
    logging.getLogger("django.security.csrf").warning("Forbidden (%s): %s", "Origin", "/x\r\nforged\x1b\x85")
    [line] = written(debug).splitlines()
    assert line.isprintable()
    assert "forged" in line


def test_a_traceback_keeps_its_lines_in_debug(written: Written) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", "/x")
    first, *rest = written(True).splitlines()
    assert first.endswith("ERROR django.request Internal Server Error: /x")
    assert (rest[0], rest[-1]) == (
        "Traceback (most recent call last):",
        "ZeroDivisionError: division by zero",
    )


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    ("fault", "status"), [(OperationalError("server closed the connection"), 503), (ValueError("odd"), 500)]
)
def test_an_error_is_logged_without_the_address_that_was_asked_for_and_with_the_requests_id(
    fault: Exception, status: int, debug: bool, user: User, sign_in: Any, written: Written
) -> None:
    client = sign_in(user)
    client.raise_request_exception = False
    with mock.patch("userprofile.journeys.activity.read", side_effect=fault):
        answer = client.get(ACTIVITY, {"email": user.email}, headers={"x-request-id": "edge-7f3a.0003"})
    assert answer.status_code == status
    log = written(debug)
    assert user.email not in urllib.parse.unquote(log)
    assert ACTIVITY in log
    if not debug:
        [line] = [found for found in map(json.loads, log.splitlines()) if found["logger"] == "django.request"]
        assert (line["request_id"], line["status_code"]) == ("edge-7f3a.0003", status)


# --- A server ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    """As in production: DEBUG off, everything that it writes in one file."""
    folder: Path = tmp_path_factory.mktemp("log")
    with databases.empty("sqlite", folder) as url:
        databases.migrate(url)
        with server.running(database_url=url, folder=folder, THROTTLES="off", LOG_LEVEL="DEBUG") as started:
            yield started


SECRETS = {
    "password": "Secret-Password1",
    "otp_entered": "918273",
    "new_password": "Secret-Password2",
    "refresh_token": "eyJhbGciOi.secret-token.x",
}


@pytest.mark.xdist_group("faults")
def test_each_line_outside_debug_is_a_json_object_without_a_secret(web: server.Server) -> None:
    body = {"email": "nobody@example.com", "confirm_password": SECRETS["new_password"], **SECRETS}
    for path in (
        "login/",
        "forget_password/",
        "token/refresh/",
        "account_locked/",
        "Email-Validation/",
        "x/",
    ):
        load.post(web.port, path, body, token="secret-bearer-token")
    web.get(f"/userprofile/user-activity/?email=a@example.com&password={SECRETS['password']}")
    web.kill_workers()  # gunicorn has something to say as well
    web.callers.hang_up()
    web.get("/health/live")
    lines: list[dict[str, Any]] = [json.loads(line) for line in web.log.splitlines()]
    assert {"gunicorn.error", "userprofile.request", "userprofile.event"} <= {
        line["logger"] for line in lines
    }
    assert all({"time", "level", "logger", "request_id", "message"} <= set(line) for line in lines)
    assert not [secret for secret in (*SECRETS.values(), "secret-bearer-token") if secret in web.log]


@pytest.mark.xdist_group("faults")
def test_a_request_is_found_in_the_log_by_the_id_of_its_answer(web: server.Server) -> None:
    guess = {"email": "nobody@example.com", "password": SECRETS["password"]}
    answer = web.post("/userprofile/login/", guess, X_Request_ID="edge-7f3a.0002")
    assert answer.headers["X-Request-ID"] == "edge-7f3a.0002"
    lines = [json.loads(line) for line in web.log.splitlines() if "edge-7f3a.0002" in line]
    assert {line["logger"] for line in lines} >= {"userprofile.request", "userprofile.event"}
    summary = next(line for line in lines if line["logger"] == "userprofile.request")
    assert (summary["method"], summary["path"], summary["status"]) == ("POST", "/userprofile/login/", 401)
