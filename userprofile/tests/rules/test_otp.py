"""One-time passwords: stored nowhere, bound to user, purpose and address, judged by the newest."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.clock import now
from userprofile.mechanisms import delivery, otp, outbox
from userprofile.mechanisms.otp import Verdict
from userprofile.models import EmailsLogs, User
from userprofile.tests.conftest import NEW_PASSWORD

PURPOSES = [otp.PASSWORD_RESET, otp.EMAIL_VALIDATION]
CodeOf = Callable[..., str]


@pytest.fixture(autouse=True)
def ten_digits(settings: Settings) -> None:
    """So many that no two codes are equal by chance."""
    settings.OTP_LENGTH = 10


@pytest.fixture
def code(user: User) -> EmailsLogs:
    return otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())


# --- Issuing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_code_is_a_queued_mail_with_a_nonce_a_key_and_an_end(
    user: User, settings: Settings, purpose: str
) -> None:
    at = now()
    row = otp.issue(user=user, purpose=purpose, at=at)
    row.refresh_from_db()
    assert (row.user, row.template, row.to_email, row.status) == (user, purpose, user.email, "queued")
    assert re.fullmatch("[0-9a-f]{32}", row.nonce)
    assert row.key_id
    assert row.expires_at == at + settings.OTP_LIFETIME
    assert (row.used_at, row.voided_at, row.failures, row.context) == (None, None, 0, {})


def test_the_nonce_comes_from_the_systems_random_source(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otp.secrets, "token_hex", lambda size: "5e" * size)  # type: ignore[attr-defined]
    assert otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now()).nonce == "5e" * 16


def test_the_digits_of_a_row_never_change(settings: Settings) -> None:
    """Codes outlive an update of the service: how they are derived is part of what is stored."""
    settings.SECRET_KEY = "a key of the tests, which is long enough to be one"
    row = EmailsLogs(user_id=7, template="password_reset_code", to_email="Kim@example.com", nonce="5e" * 16)
    row.key_id = "af361be67ba70911"
    assert otp.digits(row) == "6847995279"


def test_each_code_is_another(user: User) -> None:
    codes = [otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now()) for _ in range(5)]
    assert len({otp.digits(row) for row in codes}) == 5


def test_issuing_voids_the_older_codes_of_the_purpose_alone(
    user: User, code: EmailsLogs, make_user: Callable[..., User]
) -> None:
    validation = otp.issue(user=user, purpose=otp.EMAIL_VALIDATION, at=now())
    others = otp.issue(user=make_user("lou@example.com"), purpose=otp.PASSWORD_RESET, at=now())
    at = now()
    otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=at)
    for row in (code, validation, others):
        row.refresh_from_db()
    assert (code.voided_at, validation.voided_at, others.voided_at) == (at, None, None)


def test_voiding_without_a_purpose_voids_every_open_code_and_nothing_else(
    user: User, code: EmailsLogs
) -> None:
    validation = otp.issue(user=user, purpose=otp.EMAIL_VALIDATION, at=now())
    used = otp.issue(user=user, purpose=otp.EMAIL_VALIDATION, at=now())
    otp.spend(used, at=now())
    notice = outbox.queue_notice(user=user, template="password_changed", at=now())
    validation.refresh_from_db()
    voided_before, at = validation.voided_at, now()
    otp.void_open_codes(user=user, at=at)
    for row in (code, validation, used, notice):
        row.refresh_from_db()
    assert code.voided_at == at
    assert validation.voided_at == voided_before != at
    assert (used.voided_at, notice.voided_at) == (None, None)


# --- Digits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(6, 11))
def test_a_code_has_as_many_ascii_digits_as_the_setting_says(
    code: EmailsLogs, settings: Settings, length: int
) -> None:
    settings.OTP_LENGTH = length
    assert re.fullmatch(f"[0-9]{{{length}}}", otp.digits(code), re.ASCII)


def test_leading_noughts_are_kept(code: EmailsLogs, settings: Settings) -> None:
    settings.OTP_LENGTH = 6
    firsts = set()
    for number in range(200):
        code.nonce = f"{number:032x}"
        assert len(otp.digits(code)) == 6
        firsts.add(otp.digits(code)[0])
    assert firsts == set("0123456789")


def test_a_row_gives_the_same_digits_each_time(code: EmailsLogs) -> None:
    assert otp.digits(EmailsLogs.objects.get()) == otp.digits(code)


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "0" * 32},
        {"user_id": 4711},
        {"template": otp.EMAIL_VALIDATION},
        {"to_email": "lou@example.com"},
    ],
)
def test_the_digits_are_bound_to_nonce_user_purpose_and_address(
    code: EmailsLogs, change: dict[str, Any]
) -> None:
    before = otp.digits(code)
    for name, value in change.items():
        setattr(code, name, value)
    assert otp.digits(code) != before


def test_the_spelling_of_the_address_does_not_matter(code: EmailsLogs) -> None:
    before = otp.digits(code)
    code.to_email = "KIM@Example.com"
    assert otp.digits(code) == before


# --- Keys -------------------------------------------------------------------------------------


def test_codes_outlive_a_rotation_of_the_secret_key(user: User, code: EmailsLogs, settings: Settings) -> None:
    before = otp.digits(code)
    settings.SECRET_KEY_FALLBACKS = ["an-older-key", settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-secret-key"
    assert otp.digits(code) == before
    assert otp.judge(code, before, user=user, at=now()) is Verdict.RIGHT
    assert otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now()).key_id != code.key_id


def test_a_code_of_an_unknown_key_is_dead_and_no_failure(
    user: User, code: EmailsLogs, settings: Settings
) -> None:
    before = otp.digits(code)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a-new-secret-key", []
    with pytest.raises(otp.UnknownKey):
        otp.digits(code)
    assert otp.judge(code, before, user=user, at=now()) is Verdict.DEAD


def test_a_code_of_an_unknown_key_is_invalid_at_the_doors_and_counts_nothing(
    api: APIClient, user: User, settings: Settings
) -> None:
    for path in ("/userprofile/forget_password/", "/userprofile/Generate_OTP/"):
        assert api.post(path, {"email": user.email}).status_code == 200
    settings.SECRET_KEY = "a-new-secret-key"
    reset = {"otp_entered": "1234567890", "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    for path, body in (
        ("/userprofile/forget_password/", reset),
        ("/userprofile/Email-Validation/", {"otp": "1234567890"}),
    ):
        for _ in range(settings.OTP_MAX_FAILURES + 1):
            answer = api.post(path, {"email": user.email, **body})
            assert (answer.status_code, answer.json()) == (400, {"error": "Invalid OTP"})


def test_the_keys_name_tells_nothing_of_the_key(code: EmailsLogs, settings: Settings) -> None:
    assert re.fullmatch("[0-9a-f]{16}", code.key_id)
    assert code.key_id not in settings.SECRET_KEY


# --- Judging ----------------------------------------------------------------------------------

LATER = timedelta(minutes=1)
STATES: list[tuple[str, dict[str, timedelta], Verdict, Verdict]] = [
    ("live", {}, Verdict.RIGHT, Verdict.WRONG),
    ("expired", {"expires_at": timedelta(0)}, Verdict.EXPIRED, Verdict.DEAD),
    ("used", {"used_at": timedelta(0)}, Verdict.USED, Verdict.DEAD),
    ("used and expired", {"used_at": timedelta(0), "expires_at": -LATER}, Verdict.USED, Verdict.DEAD),
    ("voided", {"voided_at": timedelta(0)}, Verdict.DEAD, Verdict.DEAD),
    ("voided and expired", {"voided_at": -LATER, "expires_at": -LATER}, Verdict.DEAD, Verdict.DEAD),
]


@pytest.mark.parametrize(("_name", "columns", "for_right", "for_wrong"), STATES)
def test_the_newest_code_is_judged_by_its_state(
    user: User,
    code: EmailsLogs,
    wrong_code_for: CodeOf,
    _name: str,
    columns: dict[str, timedelta],
    for_right: Verdict,
    for_wrong: Verdict,
) -> None:
    at = now()
    for name, offset in columns.items():
        setattr(code, name, at + offset)
    assert otp.judge(code, otp.digits(code), user=user, at=at) is for_right
    assert otp.judge(code, wrong_code_for(user), user=user, at=at) is for_wrong


def test_a_code_lives_until_its_end_exactly(user: User, code: EmailsLogs) -> None:
    assert code.expires_at is not None
    last, digits = code.expires_at - timedelta(microseconds=1), otp.digits(code)
    assert otp.judge(code, digits, user=user, at=last) is Verdict.RIGHT
    assert otp.judge(code, digits, user=user, at=code.expires_at) is Verdict.EXPIRED


def test_without_a_code_everything_is_dead(user: User) -> None:
    assert otp.newest(user=user, purpose=otp.PASSWORD_RESET) is None
    assert otp.judge(None, "1234567890", user=user, at=now()) is Verdict.DEAD


def test_a_code_for_an_earlier_address_is_dead(user: User, code: EmailsLogs) -> None:
    user.email = "kim@example.org"
    user.save()
    assert otp.judge(code, otp.digits(code), user=user, at=now()) is Verdict.DEAD


@pytest.mark.parametrize("to_digit", ["０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९"])
def test_only_ascii_digits_are_right(user: User, code: EmailsLogs, to_digit: str) -> None:
    entered = "".join(to_digit[int(digit)] for digit in otp.digits(code))
    assert otp.judge(code, entered, user=user, at=now()) is Verdict.WRONG


@pytest.mark.parametrize("entered", ["", "1", "12345678901", "１２３４５６７８９０", "é", "\ud800"])
def test_what_is_no_code_is_wrong(user: User, code: EmailsLogs, entered: str) -> None:
    assert otp.judge(code, entered, user=user, at=now()) is Verdict.WRONG


def test_the_newest_code_is_the_last_of_its_user_and_purpose(
    user: User, code: EmailsLogs, make_user: Callable[..., User]
) -> None:
    newest = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now() - timedelta(days=1))
    otp.issue(user=user, purpose=otp.EMAIL_VALIDATION, at=now())
    otp.issue(user=make_user("lou@example.com"), purpose=otp.PASSWORD_RESET, at=now())
    assert otp.newest(user=user, purpose=otp.PASSWORD_RESET) == newest != code


def test_failures_are_counted_on_the_row(code: EmailsLogs) -> None:
    assert [otp.record_failure(code), otp.record_failure(code)] == [1, 2]
    code.refresh_from_db()
    assert code.failures == 2


# --- Stored nowhere ---------------------------------------------------------------------------


def everything_stored() -> str:
    """Each value of each table, as text."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_no_table_and_no_log_ever_holds_the_digits(
    api: APIClient, user: User, code_of: CodeOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    address = {"email": user.email}
    api.post("/userprofile/forget_password/", address)
    api.post("/userprofile/Generate_OTP/", address)
    reset, validation = code_of(user), code_of(user, otp.EMAIL_VALIDATION)
    moments = [everything_stored()]
    assert delivery.deliver_due() == 2
    assert [reset in str(mail.outbox[0].body), validation in str(mail.outbox[1].body)] == [True, True]
    moments.append(everything_stored())
    api.post("/userprofile/Email-Validation/", {**address, "otp": validation})
    passwords = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    answer = api.post("/userprofile/forget_password/", {**address, "otp_entered": reset, **passwords})
    assert answer.status_code == 200
    moments.append(everything_stored())
    for text in (*moments, caplog.text):
        assert reset not in text
        assert validation not in text
    assert user.email in moments[0]
