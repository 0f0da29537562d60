"""POST /userprofile/Generate_OTP/: a validation code; with `otp`, its verification."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, User

PATH = "/userprofile/Generate_OTP/"
FORM = "application/x-www-form-urlencoded"
Answer = tuple[int, Any]
CodeOf = Callable[..., str]

SENT = (200, {"message": "OTP Generate successfully"})
UNKNOWN = (404, {"message": "User not found"})
VALIDATED = (200, {"message": "Email validated successfully"})


def generate(api: APIClient, path: str = PATH, **body: Any) -> Answer:
    answer = api.post(path, json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def test_the_seeds_name_leads_here() -> None:
    assert reverse("SendAndVerifyOTP") == PATH


def test_a_missing_slash_is_answered_by_the_view(api: APIClient, user: User) -> None:
    assert generate(api, "/userprofile/Generate_OTP", email=user.email) == SENT


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_post_is_allowed(api: APIClient, method: str) -> None:
    answer = getattr(api, method)(PATH)
    assert answer.status_code == 405
    assert answer.json() == {"error": f'Method "{method.upper()}" not allowed.'}
    assert "POST" in answer["Allow"]


def test_a_stale_token_does_not_bar_the_way(api: APIClient, user: User) -> None:
    api.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert generate(api, email=user.email) == SENT


def test_the_seeds_curl_works(api: APIClient, make_user: Callable[..., User]) -> None:
    make_user("Shambhu@botshyeyasi")
    answer = api.post(PATH, "email=Shambhu@botshyeyasi", content_type=FORM)
    assert (answer.status_code, answer.json()) == SENT


def test_a_validation_code_goes_to_the_stored_address(api: APIClient, user: User) -> None:
    assert generate(api, email=" KIM@example.COM ") == SENT
    row = EmailsLogs.objects.get()
    assert (row.user, row.template, row.to_email) == (user, "email_validation_code", "kim@example.com")


def test_the_code_is_never_in_the_answer(api: APIClient, user: User, settings: Settings) -> None:
    settings.OTP_IN_RESPONSE = True
    assert generate(api, email=user.email) == SENT


def test_an_unknown_address_is_not_found(api: APIClient, db: None) -> None:
    assert generate(api, email="nobody@example.com") == UNKNOWN


def test_a_deactivated_user_is_answered_like_an_unknown_one(
    api: APIClient, make_user: Callable[..., User]
) -> None:
    gone = make_user("gone@example.com", is_active=False)
    assert generate(api, email=gone.email) == UNKNOWN


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "This field is required."),
        ({"email": " "}, "This field may not be blank."),
        ({"email": "kim"}, "Enter a valid email address."),
        ({"email": ["kim@example.com"]}, "Not a valid string."),
    ],
)
def test_a_malformed_body_is_refused_by_name(
    api: APIClient, db: None, body: dict[str, Any], message: str
) -> None:
    assert generate(api, **body) == (400, {"error": "Invalid input.", "details": {"email": [message]}})


def test_calling_again_replaces_the_code(api: APIClient, user: User, code_of: CodeOf) -> None:
    generate(api, email=user.email)
    replaced = code_of(user, otp.EMAIL_VALIDATION)
    generate(api, email=user.email)
    assert generate(api, email=user.email, otp=replaced) == (400, {"error": "Invalid OTP"})
    assert generate(api, email=user.email, otp=code_of(user, otp.EMAIL_VALIDATION)) == VALIDATED


def test_validation_codes_are_no_resends_of_reset_codes(
    api: APIClient, user: User, settings: Settings
) -> None:
    for _ in range(2 + settings.OTP_MAX_RESENDS):
        assert generate(api, email=user.email) == SENT
    user.refresh_from_db()
    assert (user.forget_password_attempts, user.last_code_requested_at) == (0, None)


def test_a_validation_code_leaves_a_reset_code_alone(api: APIClient, user: User, code_of: CodeOf) -> None:
    api.post("/userprofile/forget_password/", {"email": user.email})
    code = otp.newest(user=user, purpose=otp.PASSWORD_RESET)
    generate(api, email=user.email)
    assert code is not None
    code.refresh_from_db()
    assert code.voided_at is None


# --- With `otp` it is Email-Validation/ ---------------------------------------------------------


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_otp_counts_as_absent(api: APIClient, user: User, blank: str | None) -> None:
    assert generate(api, email=user.email, otp=blank) == SENT


@pytest.mark.parametrize("name", ["otp", "OTP"])
def test_with_otp_it_validates_the_address(api: APIClient, user: User, code_of: CodeOf, name: str) -> None:
    generate(api, email=user.email)
    code = code_of(user, otp.EMAIL_VALIDATION)
    assert generate(api, email=user.email, **{name: code}) == VALIDATED
    user.refresh_from_db()
    assert user.is_email_verified
    assert EmailsLogs.objects.count() == 1


def test_with_otp_it_answers_as_email_validation_does(
    api: APIClient, user: User, code_of: CodeOf, wrong_code_for: CodeOf, clock: Any, settings: Settings
) -> None:
    generate(api, email=user.email)
    wrong = wrong_code_for(user, otp.EMAIL_VALIDATION)
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        assert generate(api, email=user.email, otp=wrong) == (400, {"error": "Invalid OTP"})
    exceeded = (400, {"error": "OTP attempts exceeded. Request a new OTP."})
    assert generate(api, email=user.email, otp=wrong) == exceeded
    generate(api, email=user.email)
    code = code_of(user, otp.EMAIL_VALIDATION)
    clock.shift(settings.OTP_LIFETIME)
    assert generate(api, email=user.email, otp=code) == (400, {"error": "Expired OTP"})
    generate(api, email=user.email)
    code = code_of(user, otp.EMAIL_VALIDATION)
    generate(api, email=user.email, otp=code)
    assert generate(api, email=user.email, otp=code) == (400, {"error": "OTP is already used"})


def test_with_otp_an_unknown_address_is_worded_as_there(api: APIClient, db: None) -> None:
    assert generate(api, email="nobody@example.com", otp="123456") == (404, {"error": "User not found"})


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("12345", "The OTP must be exactly 6 digits."),
        ("１２３４５６", "The OTP must be exactly 6 digits."),
        (123456, "Not a valid string."),
        (0, "Not a valid string."),
        (False, "Not a valid string."),
        ([], "Not a valid string."),
    ],
)
def test_a_malformed_otp_is_refused_and_sends_nothing(
    api: APIClient, user: User, code: Any, message: str
) -> None:
    answer = generate(api, email=user.email, otp=code)
    assert answer == (400, {"error": "Invalid input.", "details": {"otp": [message]}})
    assert not EmailsLogs.objects.exists()


def test_only_sending_counts_for_the_mail_throttle(api: APIClient, user: User, settings: Settings) -> None:
    settings.THROTTLES = True
    settings.THROTTLE_MAIL = (1, 3600)
    assert generate(api, email=user.email) == SENT
    assert generate(api, email=user.email, otp="12345")[0] == 400
    assert generate(api, email=user.email, otp=" ")[0] == 429


def test_a_refusal_has_its_code(api: APIClient, db: None) -> None:
    answer = api.post(PATH, {"email": "nobody@example.com"}, HTTP_ACCEPT="application/problem+json")
    common = {"type": "about:blank", "title": "Not Found", "status": 404}
    assert answer.json() == {**common, "detail": "User not found", "code": "user_not_found"}
