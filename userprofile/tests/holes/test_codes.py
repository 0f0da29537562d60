"""Holes 1 and 3 to 5, 11: one-time passwords, and the block that asking for them brings."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as service
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from userprofile.journeys import password_reset
from userprofile.mechanisms import accounts, otp
from userprofile.models import User
from userprofile.tests.conftest import NEW_PASSWORD, PASSWORD

FORGET, RESEND = "/userprofile/forget_password/", "/userprofile/Resend_OTP/"
GENERATE, VALIDATE = "/userprofile/Generate_OTP/", "/userprofile/Email-Validation/"
LOGIN, UNBLOCK = "/userprofile/login/", "/userprofile/User_unblock/"
SENT = {
    FORGET: (otp.PASSWORD_RESET, {"message": "OTP sent successfully"}),
    RESEND: (otp.PASSWORD_RESET, {"message": "OTP Resend successfully"}),
    GENERATE: (otp.EMAIL_VALIDATION, {"message": "OTP Generate successfully"}),
}


def reset(client: Client, user: User, code: str) -> Any:
    fields = {"otp_entered": code, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    return client.post(FORGET, {"email": user.email, **fields})


def every_value_in_the_database() -> str:
    """What a dump of all tables would hold."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_01_no_answer_holds_the_code(
    api: APIClient, user: User, code_of: Callable[..., str], refusal_of: Callable[..., str]
) -> None:
    for path, (purpose, body) in SENT.items():
        answer = api.post(path, {"email": user.email})
        assert answer.json() == body, path
        assert code_of(user, purpose) not in f"{answer.content!r}{answer.headers}"
    assert refusal_of(OTP_IN_RESPONSE="on").startswith("Settings: OTP_IN_RESPONSE: ")


def test_03_only_the_last_accepted_requests_clock_lifts_a_block_and_never_a_lock(
    api: APIClient, user: User, clock: Any
) -> None:
    for _ in range(service.OTP_MAX_RESENDS + 1):
        assert api.post(RESEND, {"email": user.email}).status_code == 200
    for _ in range(service.LOGIN_MAX_FAILURES):
        api.post(LOGIN, {"email": user.email, "password": "not-the-Password1"})
    clock.shift(service.UNBLOCK_AFTER - timedelta(minutes=1))
    assert api.post(RESEND, {"email": user.email}).status_code == 403  # refused: moves no clock
    early = api.post(UNBLOCK, {"email": user.email})
    assert early.json() == {"error": "24 hours have not passed since last attempt"}
    clock.shift(timedelta(minutes=1))
    assert api.post(UNBLOCK, {"email": user.email}).status_code == 200
    assert api.post(LOGIN, {"email": user.email, "password": PASSWORD}).status_code == 403


def overtaken(find: Callable[[str], Any], *, by: Callable[[], Any], times: int) -> Callable[[str], Any]:
    """`find`, after which others are quicker: their requests end before its caller goes on."""
    left = [by] * times

    def slow(email: str) -> Any:
        found = find(email)
        while left:
            left.pop()()
        return found

    return slow


def test_04_guesses_that_overtake_a_request_or_follow_a_new_code_are_counted(
    user: User,
    code_of: Callable[..., str],
    wrong_code_for: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever was read before the account's row was taken may be old: only the row then counts."""
    password_reset.request_code(email=user.email)

    def guess_code() -> None:
        password_reset.request_code(email=user.email)  # begins no new count
        reset(Client(), user, wrong_code_for(user))

    def guess_password() -> None:
        Client().post(LOGIN, {"email": user.email, "password": "not-the-Password1"})

    find_user, find_account = accounts.find_user, accounts.find_account
    slow = overtaken(find_account, by=guess_code, times=service.OTP_MAX_FAILURES)
    monkeypatch.setattr(accounts, "find_account", slow)
    assert reset(Client(), user, code_of(user)).json() == {"error": "Account locked. Contact admin."}
    slow = overtaken(find_user, by=guess_password, times=service.LOGIN_MAX_FAILURES)
    monkeypatch.setattr(accounts, "find_user", slow)
    answer = Client().post(LOGIN, {"email": user.email, "password": PASSWORD})
    assert answer.json() == {"detail": "Account locked. Contact admin."}


def test_05_a_code_opens_nothing_but_what_it_was_issued_for(
    api: APIClient, user: User, make_user: Callable[..., User], code_of: Callable[..., str]
) -> None:
    other = make_user("robin@example.com")
    for email in (user.email, other.email):
        api.post(GENERATE, {"email": email})
    assert reset(api, user, code_of(user, otp.EMAIL_VALIDATION)).json() == {"error": "Invalid OTP"}
    for email in (user.email, other.email):
        api.post(FORGET, {"email": email})
    validated = api.post(VALIDATE, {"email": user.email, "otp": code_of(user)})
    assert validated.json() == {"error": "Invalid OTP"}
    assert reset(api, user, code_of(other)).json() == {"error": "Invalid OTP"}
    assert User.objects.filter(is_email_verified=True).count() == 0


def test_11_codes_are_random_short_lived_and_stored_nowhere(
    user: User, code_of: Callable[..., str], refusal_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal_of(OTP_LENGTH="5").startswith("Settings: OTP_LENGTH: ")
    assert timedelta(minutes=10) >= service.OTP_LIFETIME
    monkeypatch.setattr("random.getrandbits", lambda bits: 4)
    codes = set()
    for _ in range(4):
        row = password_reset.request_code(email=user.email)
        assert row is not None
        codes.add(code_of(user))
        assert len(row.nonce) * 4 >= 128  # bits
    assert len(codes) == 4
    dump = every_value_in_the_database()
    assert user.email in dump
    assert not [code for code in codes if code in dump]
