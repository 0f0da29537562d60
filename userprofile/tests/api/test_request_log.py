"""The log: one JSON object a line, one id a request, and never a secret."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from config.request_log import AddRequestId
from userprofile.tests.faults import load
from userprofile.tests.races import databases, server

pytestmark = pytest.mark.django_db


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
