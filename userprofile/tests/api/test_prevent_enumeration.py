"""PREVENT_ENUMERATION: after the same requests an address that somebody has is answered like any other."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as service
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from userprofile.hashers import Argon2idPasswordHasher
from userprofile.models import EmailsLogs, LoginActivity, User
from userprofile.tests.conftest import NEW_PASSWORD, PASSWORD

KNOWN, GONE, NOBODY = "kim@example.com", "gone@example.com", "nobody@example.com"
WRONG_CODE = "000000"
Step = tuple[str, dict[str, Any]] | timedelta
Seen = list[tuple[int, bytes]]

ASK: Step = ("/userprofile/forget_password/", {})
RESEND: Step = ("/userprofile/Resend_OTP/", {})
GUESS: Step = (
    "/userprofile/forget_password/",
    {"otp_entered": WRONG_CODE, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD},
)
MALFORMED: Step = ("/userprofile/forget_password/", {"otp_entered": "12"})
GENERATE: Step = ("/userprofile/Generate_OTP/", {})
VALIDATE: Step = ("/userprofile/Email-Validation/", {"otp": WRONG_CODE})
VALIDATE_THERE: Step = ("/userprofile/Generate_OTP/", {"otp": WRONG_CODE})
ENTER: Step = ("/userprofile/account_locked/", {"Password": "not-the-Password1"})
LOGIN: Step = ("/userprofile/login/", {"password": "not-the-Password1"})
UNBLOCK: Step = ("/userprofile/User_unblock/", {})
EXPIRY, DAY = service.OTP_LIFETIME, service.UNBLOCK_AFTER

SEQUENCES: dict[str, list[Step]] = {
    "resend caps": [ASK, *[RESEND] * 7, ASK],
    "resend caps by asking alone": [ASK] * 8,
    "a lapsing count": [*[RESEND] * 4, DAY, *[RESEND] * 7],
    "unblocking before and after a day": [
        UNBLOCK, *[RESEND] * 7, UNBLOCK, DAY - timedelta(minutes=1), RESEND, UNBLOCK,
        timedelta(minutes=1), RESEND, UNBLOCK, UNBLOCK, *[RESEND] * 7,
    ],
    "wrong codes without a code": [GUESS] * 4,
    "three wrong codes": [ASK, *[GUESS] * 4, ASK, RESEND, UNBLOCK, LOGIN],
    "wrong codes across codes": [ASK, GUESS, RESEND, GUESS, RESEND, GUESS, GUESS],
    "wrong codes when theirs has expired": [ASK, EXPIRY, *[GUESS] * 4, RESEND, *[GUESS] * 3, RESEND],
    "wrong codes just before and after expiry": [
        ASK, EXPIRY - timedelta(seconds=30), GUESS, GUESS, timedelta(seconds=30), GUESS, GUESS,
    ],
    "wrong codes while blocked": [*[RESEND] * 7, *[GUESS] * 4, RESEND],
    "malformed codes": [ASK, *[MALFORMED] * 4, GUESS, GUESS, GUESS],
    "three wrong passwords": [ENTER] * 5,
    "three wrong passwords through two doors": [LOGIN, ENTER, LOGIN, ENTER, LOGIN],
    "wrong passwords at login": [LOGIN] * 5,
    "a locked address goes on asking": [*[LOGIN] * 4, ASK, GUESS, GENERATE, VALIDATE, UNBLOCK],
    "validation codes": [VALIDATE, GENERATE, *[VALIDATE] * 5, GENERATE, VALIDATE, VALIDATE_THERE],
    "validation codes that expire": [GENERATE, VALIDATE, EXPIRY, *[VALIDATE] * 3, GENERATE, *[VALIDATE] * 4],
    "a dead validation code that expires": [GENERATE, *[VALIDATE] * 3, EXPIRY, VALIDATE],
    "a validation code without asking": [VALIDATE_THERE] * 4,
    "the purposes are kept apart": [ASK, *[VALIDATE] * 4, GENERATE, *[GUESS] * 2, *[VALIDATE] * 2, GUESS],
    "each door in turn": [ASK, RESEND, GENERATE, VALIDATE, GUESS, ENTER, LOGIN, UNBLOCK],
}  # fmt: skip


@pytest.fixture(autouse=True)
def addresses(clock: Any, make_user: Callable[..., User], settings: Settings) -> None:
    """One address is a user's, one a deactivated user's, one nobody's."""
    settings.PREVENT_ENUMERATION = True
    make_user(KNOWN)
    make_user(GONE, is_active=False)


def play(steps: list[Step], email: str, clock: Any) -> Seen:
    """What a client sees that takes these steps with this address, a second between them."""
    client, seen = Client(), []
    for step in steps:
        if isinstance(step, timedelta):
            clock.shift(step)
            continue
        clock.shift(1)
        path, body = step
        answer = client.post(path, json.dumps({"email": email, **body}), content_type="application/json")
        seen.append((answer.status_code, answer.content))
    return seen


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_same_requests_get_the_same_answers(clock: Any, name: str) -> None:
    steps = SEQUENCES[name]
    expected = play(steps, KNOWN, clock)
    assert play(steps, NOBODY, clock) == expected
    assert play(steps, GONE, clock) == expected


@pytest.mark.parametrize("name", ["three wrong codes", "three wrong passwords", "each door in turn"])
def test_the_same_holds_where_locks_lapse(clock: Any, settings: Settings, name: str) -> None:
    settings.LOCK_DURATION = timedelta(hours=1)
    steps = [*SEQUENCES[name], settings.LOCK_DURATION, *SEQUENCES[name]]
    expected = play(steps, KNOWN, clock)
    assert play(steps, NOBODY, clock) == expected


@pytest.mark.parametrize("name", SEQUENCES)
def test_without_it_a_deactivated_user_is_still_answered_like_an_unknown_one(
    clock: Any, settings: Settings, name: str
) -> None:
    settings.PREVENT_ENUMERATION = False
    steps = SEQUENCES[name]
    assert play(steps, GONE, clock) == play(steps, NOBODY, clock)


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("resend caps", [200] * 6 + [403] * 3),
        ("three wrong codes", [200, 400, 400, 403, 403, 403, 403, 400, 401]),
        ("three wrong passwords", [401, 401, 403, 403, 403]),
        ("wrong passwords at login", [401, 401, 403, 403, 403]),
        ("validation codes", [400, 200, 400, 400, 400, 400, 400, 200, 400, 400]),
        ("each door in turn", [200, 200, 200, 400, 400, 401, 401, 400]),
    ],
)
def test_the_answers_are_those_of_an_address_that_somebody_has(
    clock: Any, name: str, statuses: list[int]
) -> None:
    assert [status for status, _ in play(SEQUENCES[name], NOBODY, clock)] == statuses


def test_spellings_of_an_unknown_address_count_together(clock: Any) -> None:
    sentences = []
    for email in (NOBODY, " NOBODY@example.COM", "ＮＯＢＯＤＹ@example.com"):
        sentences += [json.loads(body) for _, body in play([ENTER], email, clock)]
    assert sentences == [
        {"error": "Invalid credentials. 2 attempts remaining."},
        {"error": "Invalid credentials. 1 attempts remaining."},
        {"error": "Invalid credentials. Account locked. Contact admin."},
    ]


def test_one_unknown_address_does_not_lock_another(clock: Any) -> None:
    play([ENTER] * 4, NOBODY, clock)
    assert play([ENTER], "someone-else@example.com", clock)[0][0] == 401


def test_nobody_gets_a_mail(clock: Any) -> None:
    play([ASK, RESEND, GENERATE, *[ENTER] * 3, *[GUESS] * 3], NOBODY, clock)
    play([ASK, RESEND, GENERATE, *[ENTER] * 3, *[GUESS] * 3], GONE, clock)
    assert not EmailsLogs.objects.exists()


def test_attempts_are_logged_for_unknown_addresses_too(clock: Any) -> None:
    play([LOGIN, ENTER, LOGIN, ENTER], NOBODY, clock)
    rows = LoginActivity.objects.order_by("id")
    assert [(row.user, row.email, row.attempt_name) for row in rows] == [
        (None, NOBODY, "login_failed"),
        (None, NOBODY, "login_failed"),
        (None, NOBODY, "login_locked"),
        (None, NOBODY, "login_locked"),
    ]


def test_the_throttle_of_mails_counts_alike(clock: Any, settings: Settings) -> None:
    settings.THROTTLES = True
    settings.THROTTLE_MAIL = (2, 3600)
    steps: list[Step] = [ASK, GENERATE, RESEND, GUESS]
    expected = play(steps, KNOWN, clock)
    assert [status for status, _ in expected] == [200, 200, 429, 400]
    for email in (NOBODY, GONE):
        assert [status for status, _ in play(steps, email, clock)] == [200, 200, 429, 400]


@pytest.mark.parametrize("step", [LOGIN, ENTER])
def test_every_sign_in_hashes_once(clock: Any, monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """The hash takes nearly all of the time: one each, whoever the address belongs to."""
    play([step], NOBODY, clock)
    hashed: list[str] = []
    verify = Argon2idPasswordHasher.verify

    def counted(hasher: Argon2idPasswordHasher, password: str, encoded: str) -> bool:
        hashed.append(encoded.rpartition("$")[0].rpartition("$")[0])
        return bool(verify(hasher, password, encoded))

    monkeypatch.setattr(Argon2idPasswordHasher, "verify", counted)
    for email in (KNOWN, NOBODY, GONE):
        play([step], email, clock)
    assert len(hashed) == 3
    assert len(set(hashed)) == 1  # of the same kind and cost


@pytest.mark.parametrize("step", [ASK, RESEND, GENERATE, GUESS, VALIDATE, LOGIN, ENTER, UNBLOCK])
def test_every_door_does_about_the_same_work(clock: Any, step: Step) -> None:
    counts = []
    for email in (KNOWN, NOBODY, GONE):
        play([ASK, GENERATE], email, clock)
        with CaptureQueriesContext(connection) as captured:
            play([step], email, clock)
        counts.append(len(captured))
    assert max(counts) - min(counts) <= 1, counts


def test_an_owner_is_still_served(clock: Any, code_of: Callable[..., str]) -> None:
    user = User.objects.get(email=KNOWN)
    play([ASK], KNOWN, clock)
    fields = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    reset: Step = ("/userprofile/forget_password/", {"otp_entered": code_of(user), **fields})
    assert play([reset], KNOWN, clock) == [(200, b'{"message":"Password reset successfully"}')]
    enter: Step = ("/userprofile/account_locked/", {"Password": NEW_PASSWORD})
    assert play([enter], KNOWN, clock) == [(200, b'{"message":"Login successful"}')]
    old: Step = ("/userprofile/account_locked/", {"Password": PASSWORD})
    assert play([old], KNOWN, clock)[0][0] == 401
