"""PREVENT_ENUMERATION: known and unknown addresses cost the same statements, at each door, in each state."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as service
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from userprofile.models import DecoyMail, EmailsLogs, User
from userprofile.tests.conftest import NEW_PASSWORD

KNOWN, GONE, NOBODY = "kim@example.com", "gone@example.com", "nobody@example.com"
Step = tuple[str, dict[str, Any]]

ASK: Step = ("forget_password", {})
NEW = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
GUESS: Step = ("forget_password", {"otp_entered": "000000", **NEW})
RESEND: Step = ("Resend_OTP", {})
GENERATE: Step = ("Generate_OTP", {})
VALIDATE: Step = ("Email-Validation", {"otp": "000000"})
ENTER: Step = ("account_locked", {"Password": "not-the-Password1"})
LOGIN: Step = ("login", {"password": "not-the-Password1"})
UNBLOCK: Step = ("User_unblock", {})

STORIES: dict[str, list[Step]] = {
    "asking, failing and locked": [ASK, *[GUESS] * service.OTP_MAX_FAILURES, GUESS, ASK, RESEND],
    "no code asked for": [GUESS],
    "asking until blocked and beyond": [*[RESEND] * (service.OTP_MAX_RESENDS + 3), ASK, GUESS, UNBLOCK],
    "not blocked": [UNBLOCK],
    "validating until the code is dead": [VALIDATE, GENERATE, *[VALIDATE] * 5, GENERATE, VALIDATE],
    "signing in at account_locked/ until locked": [ENTER] * (service.LOGIN_MAX_FAILURES + 2),
    "signing in at login/ until locked": [LOGIN] * (service.LOGIN_MAX_FAILURES + 2),
}
TABLE = re.compile(r'"(?:userprofile_)?(\w+?)(?:_x?\d+)?"')
TWINS = {"decoy": "user", "decoymail": "emailslogs"}
FIRST_WORDS = re.compile(r"^(SELECT|INSERT|UPDATE|DELETE|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)")


def kind(sql: str) -> str:
    """INSERT emailslogs; a decoy's table is written as the one it is the twin of.

    A user's row is taken by SELECT, a decoy's by the INSERT that makes it if it is missing.
    """
    statement = sql.strip()
    word, table = FIRST_WORDS.match(statement), TABLE.search(statement.partition("FROM")[2] or statement)
    name = table[1] if table else ""
    taken = " WHERE id = " in statement and " AND is_active" in statement
    if taken or statement.startswith('INSERT INTO "userprofile_decoy" '):
        return "TAKE user"
    assert word is not None, statement
    is_control = word[1] in ("SAVEPOINT", "RELEASE", "ROLLBACK")
    return word[1] if is_control else f"{word[1]} {TWINS.get(name, name)}"


def work(step: Step, email: str) -> list[str]:
    path, fields = step
    body = json.dumps({"email": email, **fields})
    with CaptureQueriesContext(connection) as captured:
        Client().post(f"/userprofile/{path}/", body, content_type="application/json")
    return [kind(query["sql"]) for query in captured]


@pytest.fixture(autouse=True)
def addresses(clock: Any, make_user: Callable[..., User], settings: Settings) -> None:
    settings.PREVENT_ENUMERATION = True
    make_user(KNOWN)
    make_user(GONE, is_active=False)
    work(LOGIN, "warm-up@example.com")


@pytest.mark.parametrize("throttles", [True, False])
@pytest.mark.parametrize("name", STORIES)
def test_every_request_of_a_story_costs_the_same_statements(
    settings: Settings, name: str, throttles: bool
) -> None:
    settings.THROTTLES = throttles
    for number, step in enumerate(STORIES[name]):
        expected = work(step, KNOWN)
        assert work(step, NOBODY) == expected, (number, step)
        assert work(step, GONE) == expected, (number, step)


def test_a_code_is_voided_and_queued_for_both() -> None:
    for email in (KNOWN, NOBODY):
        assert work(ASK, email) == [
            "SELECT user",
            "SAVEPOINT",
            "TAKE user",
            "UPDATE user",
            "UPDATE emailslogs",
            "INSERT emailslogs",
            "RELEASE",
        ]


def test_the_failure_that_locks_writes_a_notice_for_both() -> None:
    for email in (KNOWN, NOBODY):
        for _ in range(service.LOGIN_MAX_FAILURES - 1):
            work(LOGIN, email)
        assert "INSERT emailslogs" in work(LOGIN, email)
    assert [row.template for row in EmailsLogs.objects.all()] == ["account_locked"]
    assert [row.template for row in DecoyMail.objects.all()] == ["account_locked"]


def test_without_the_setting_a_wrong_password_at_login_costs_the_same(settings: Settings) -> None:
    settings.PREVENT_ENUMERATION = False
    for _ in range(service.LOGIN_MAX_FAILURES + 1):
        assert work(LOGIN, NOBODY) == work(LOGIN, KNOWN)


def test_no_user_is_read_whole_before_its_row_is_taken() -> None:
    """Reading every column takes time, and there is nothing to read for an unknown address."""
    with CaptureQueriesContext(connection) as captured:
        Client().post("/userprofile/User_unblock/", {"email": KNOWN})
    find = next(query["sql"] for query in captured if "email_canonical" in query["sql"])
    assert find.partition(" FROM ")[0].count(",") == 1  # id and password
