"""PREVENT_ENUMERATION: headers, cookies, caps and throttles are alike too; the owner learns by mail."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as service
from django.test import Client
from pytest_django import Settings

from userprofile.clock import now
from userprofile.models import Decoy, EmailsLogs, User
from userprofile.tests.api.test_prevent_enumeration import (
    ASK,
    ENTER,
    GENERATE,
    GONE,
    GUESS,
    KNOWN,
    LOGIN,
    NOBODY,
    RESEND,
    SEQUENCES,
    UNBLOCK,
    VALIDATE,
    Step,
)

OF_EACH_REQUEST = {"X-Request-ID", "Date"}
PROBLEM = "application/problem+json"
Seen = list[tuple[int, bytes, dict[str, str], str]]


@pytest.fixture(autouse=True)
def addresses(clock: Any, make_user: Callable[..., User], settings: Settings) -> None:
    settings.PREVENT_ENUMERATION = True
    make_user(KNOWN)
    make_user(GONE, is_active=False)


def play(steps: list[Step], email: str, clock: Any, *, ip: str, accept: str = "*/*") -> Seen:
    """All that a client sees that takes these steps, from an address of its own."""
    client, seen = Client(REMOTE_ADDR=ip, HTTP_ACCEPT=accept), []
    for step in steps:
        clock.shift(step if isinstance(step, timedelta) else 1)
        if isinstance(step, timedelta):
            continue
        path, body = step
        answer = client.post(path, json.dumps({"email": email, **body}), content_type="application/json")
        headers = {name: value for name, value in answer.headers.items() if name not in OF_EACH_REQUEST}
        assert "Content-Length" in headers
        seen.append((answer.status_code, answer.content, headers, answer.cookies.output()))
    return seen


@pytest.fixture
def alike(clock: Any, settings: Settings) -> Callable[..., Seen]:
    """What each of the three addresses sees, begun at the same second of its window; all the same."""

    def check(steps: list[Step], **more: str) -> Seen:
        begun = now()
        seen = []
        for number, email in enumerate((KNOWN, NOBODY, GONE), 1):
            clock.move_to(begun)
            seen.append(play(steps, email, clock, ip=f"203.0.113.{number}", **more))
        assert seen[1] == seen[0]
        assert seen[2] == seen[0]
        return seen[0]

    return check


@pytest.mark.parametrize("accept", ["*/*", PROBLEM])
@pytest.mark.parametrize("name", SEQUENCES)
def test_headers_and_cookies_are_the_same_along_every_sequence(
    alike: Callable[..., Seen], name: str, accept: str
) -> None:
    alike(SEQUENCES[name], accept=accept)


def test_the_throttle_of_sign_ins_is_the_same(alike: Callable[..., Seen], settings: Settings) -> None:
    settings.THROTTLES, settings.THROTTLE_SIGN_IN = True, (4, 60)
    seen = alike([LOGIN, ENTER, LOGIN, ENTER, LOGIN, ENTER])
    assert [status for status, *_ in seen] == [401, 401, 403, 403, 429, 429]
    assert [headers.get("Retry-After") for *_, headers, _ in seen[-2:]] == ["56", "55"]


def test_the_throttle_of_codes_is_the_same(alike: Callable[..., Seen], settings: Settings) -> None:
    settings.THROTTLES, settings.THROTTLE_CODES = True, (4, 60)
    seen = alike([ASK, GUESS, VALIDATE, UNBLOCK, GENERATE, RESEND, GUESS])
    assert [status for status, *_ in seen] == [200, 400, 400, 400, 429, 429, 429]
    assert all("Retry-After" in headers for *_, headers, _ in seen[-3:])


def test_the_throttle_of_mails_is_the_same(alike: Callable[..., Seen], settings: Settings) -> None:
    settings.THROTTLES, settings.THROTTLE_MAIL = True, (2, 3600)
    seen = alike([ASK, GENERATE, RESEND, ASK, GUESS])
    assert [status for status, *_ in seen] == [200, 200, 429, 429, 400]
    assert [headers.get("Retry-After") for *_, headers, _ in seen[2:4]] == ["3598", "3597"]


def test_spraying_is_refused_alike(clock: Any, settings: Settings) -> None:
    """Too many accounts failed from one network: whether the last one exists does not matter."""
    settings.THROTTLES, settings.THROTTLE_SPRAY = True, (2, 3600)
    seen = []
    for number, email in enumerate((KNOWN, NOBODY, GONE), 1):
        clock.move_to("2026-03-14T10:00:00Z")
        client, told = Client(REMOTE_ADDR=f"203.0.113.{number}"), []
        for tried in (f"a{number}@example.com", f"b{number}@example.com", email, email):
            answer = client.post("/userprofile/login/", {"email": tried, "password": "not-the-Password1"})
            told.append((answer.status_code, answer.content, answer.headers.get("Retry-After")))
        seen.append(told)
    assert seen[0] == seen[1] == seen[2]
    assert [status for status, *_ in seen[0]] == [401, 401, 429, 429]


def test_the_owner_learns_by_mail_what_the_caller_is_not_told(
    clock: Any, mails_to: Callable[[User], list[str]]
) -> None:
    play([ASK, *[ENTER] * 3, *[GUESS] * 3], KNOWN, clock, ip="203.0.113.1")
    play([ASK, *[ENTER] * 3, *[GUESS] * 3], NOBODY, clock, ip="203.0.113.2")
    user = User.objects.get(email=KNOWN)
    assert mails_to(user) == ["password_reset_code", "account_locked", "account_locked"]
    notices = EmailsLogs.objects.filter(template="account_locked")
    assert {row.context["ip_address"] for row in notices} == {"203.0.113.1"}
    assert EmailsLogs.objects.count() == 3
    assert (user.sign_in_locked_at is None, user.reset_locked_at is None) == (False, False)


def test_the_state_of_unknown_addresses_takes_one_row_each(clock: Any) -> None:
    steps = [ASK, *[RESEND] * (service.OTP_MAX_RESENDS + 2), *[GUESS] * 4, *[ENTER] * 4]
    for number in range(3):
        play(steps, f"nobody{number}@example.com", clock, ip="203.0.113.1")
    assert Decoy.objects.count() == 3
