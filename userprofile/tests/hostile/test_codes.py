"""Whatever text is entered for a code: it is right if it is the digits, and otherwise nothing."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from userprofile.clock import now
from userprofile.mechanisms import otp
from userprofile.mechanisms.otp import Verdict
from userprofile.models import EmailsLogs, User
from userprofile.tests.hostile.fuzzing import ANY_JSON, ANY_TEXT, examples

DIGITS = [chr(place) for place in range(0x110000) if unicodedata.decimal(chr(place), None) is not None]
AROUND = st.sampled_from(["", " ", "\n", "\x00", "+", "-", "0", "\u200b", "\ud800", "\t", ".0", "e0", "_"])


@pytest.fixture
def code(user: User) -> EmailsLogs:
    return otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())


def verdict(code: EmailsLogs, entered: str, user: User) -> Verdict:
    return otp.judge(code, entered, user=user, at=now())


@examples(500)
@given(entered=ANY_TEXT | st.text(st.sampled_from(DIGITS), min_size=6, max_size=6))
def test_only_the_digits_themselves_are_right(code: EmailsLogs, user: User, entered: str) -> None:
    expected = Verdict.RIGHT if entered == otp.digits(code) else Verdict.WRONG
    assert verdict(code, entered, user) is expected


@examples(200)
@given(before=AROUND, after=AROUND)
def test_nothing_may_stand_around_the_digits(code: EmailsLogs, user: User, before: str, after: str) -> None:
    is_bare = before == after == ""
    assert (verdict(code, before + otp.digits(code) + after, user) is Verdict.RIGHT) == is_bare


@examples(200)
@given(data=st.data())
def test_the_digits_of_other_scripts_are_wrong(code: EmailsLogs, user: User, data: st.DataObject) -> None:
    """Digit for digit the same number, with one at least in another script."""
    spelled = [
        data.draw(st.sampled_from([one for one in DIGITS if unicodedata.decimal(one) == int(digit)]))
        for digit in otp.digits(code)
    ]
    entered = "".join(spelled)
    assert (verdict(code, entered, user) is Verdict.RIGHT) == entered.isascii()


@examples(100)
@given(entered=ANY_JSON)
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/userprofile/forget_password/", "otp_entered"),
        ("/userprofile/Generate_OTP/", "otp"),
        ("/userprofile/Email-Validation/", "otp"),
        ("/userprofile/Email-Validation/", "OTP"),
    ],
)
def test_any_value_for_a_code_is_answered(
    api: APIClient, db: None, path: str, field: str, entered: object
) -> None:
    body = {"email": "nobody@example.com", field: entered, "new_password": "x", "confirm_password": "x"}
    answer = api.post(path, json.dumps(body), content_type="application/json")
    assert answer.status_code in (400, 404), (entered, answer.content)
    assert set(answer.json()) <= {"error", "message", "details"}
