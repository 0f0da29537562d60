"""Whatever text is a password: the policy refuses it in words, or one can sign in with it."""

import json
import string
import unicodedata

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile import hashers
from userprofile.models import User
from userprofile.tests.hostile.fuzzing import ANY_JSON, ANY_TEXT, examples

KIM = User(username="lindgren", first_name="Åsa", email="kim.lindgren@example.com")
LIKELY = st.tuples(
    st.sampled_from(string.ascii_uppercase),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=6, max_size=20),
    st.sampled_from(string.ascii_lowercase),
    st.sampled_from(string.digits),
    st.sampled_from("-!?§€ "),
).map("".join)
LONG = "\ufdfa"  # one character that NFKC makes eighteen of


def refusal(password: str) -> list[str]:
    """As a reset judges it: in words, or not at all. Raises whatever is no refusal."""
    try:
        validate_password(hashers.normalized(password), KIM)
    except ValidationError as error:
        return list(error.messages)
    return []


@examples(300)
@given(password=ANY_TEXT | LIKELY)
def test_the_policy_refuses_in_words_or_accepts(password: str) -> None:
    assert all(message.endswith(".") for message in refusal(password))


@examples(300)
@given(password=ANY_TEXT)
def test_a_normal_form_is_its_own(password: str) -> None:
    once = hashers.normalized(password)
    assert hashers.normalized(once) == once


@examples(25)
@given(password=LIKELY)
@example("Aa1-" + LONG * 21)
@example("Aa1-\u212b\u0323\u1e9b\u0323")
def test_what_is_accepted_signs_in_however_it_is_composed(password: str) -> None:
    assume(not refusal(password))
    encoded = hashers.hash_password(password)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert hashers.verify(unicodedata.normalize(form, password), encoded) == (True, False)
    assert hashers.verify(f"{password} ", encoded)[0] is False


@examples(25)
@given(password=ANY_TEXT)
@example("\ud800")
@example("Aa1-" + LONG * 252)
@example("x" * 5000)
def test_no_text_is_right_but_the_password_and_none_is_a_fault(password: str) -> None:
    assert hashers.verify(password, hashers.hash_password("Violet-Kite7"))[0] is False
    assert hashers.verify(password, None)[0] is False


def test_the_longest_passwords_that_may_be_allowed_can_be_hashed(settings: Settings) -> None:
    settings.PASSWORD_MAX_LENGTH = 256
    password = "Aa1-" + LONG * 252
    assert refusal(password) or hashers.verify(password, hashers.hash_password(password))[0]


@examples(60)
@given(password=ANY_JSON)
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/userprofile/login/", "password"),
        ("/userprofile/account_locked/", "Password"),
        ("/userprofile/account_locked/", "password"),
        ("/userprofile/forget_password/", "new_password"),
    ],
)
def test_any_value_for_a_password_is_answered(
    api: APIClient, db: None, path: str, field: str, password: object
) -> None:
    body = {"email": "nobody@example.com", field: password, "otp_entered": "123456"}
    answer = api.post(path, json.dumps(body), content_type="application/json")
    assert answer.status_code in (400, 401, 403, 404), (password, answer.content)
    assert set(answer.json()) <= {"error", "detail", "details"}
