"""POST /userprofile/Email-Validation/: mark an address as verified with the code sent to it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, User

PATH = "/userprofile/Email-Validation/"
ALIASES = ["/userprofile/validate-email/", "/validate-email/"]
FORM = "application/x-www-form-urlencoded"
Answer = tuple[int, Any]
CodeOf = Callable[..., str]

VALIDATED = (200, {"message": "Email validated successfully"})
INVALID = (400, {"error": "Invalid OTP"})
EXPIRED = (400, {"error": "Expired OTP"})
USED = (400, {"error": "OTP is already used"})
EXCEEDED = (400, {"error": "OTP attempts exceeded. Request a new OTP."})
UNKNOWN = (404, {"error": "User not found"})


def post(api: APIClient, path: str, body: dict[str, Any]) -> Answer:
    answer = api.post(path, json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def validate(api: APIClient, user: User, code: Any) -> Answer:
    return post(api, PATH, {"email": user.email, "otp": code})


def generate(api: APIClient, user: User) -> None:
    assert post(api, "/userprofile/Generate_OTP/", {"email": user.email})[0] == 200


@pytest.fixture
def code(api: APIClient, user: User, code_of: CodeOf) -> str:
    """A live validation code of `user`."""
    generate(api, user)
    return code_of(user, otp.EMAIL_VALIDATION)


@pytest.fixture
def wrong(code: str, user: User, wrong_code_for: CodeOf) -> str:
    return wrong_code_for(user, otp.EMAIL_VALIDATION)


def test_the_seeds_name_leads_here() -> None:
    assert reverse("ValidateEmail") == PATH


@pytest.mark.parametrize("path", [PATH, *ALIASES])
@pytest.mark.parametrize("slash", ["/", ""])
def test_every_path_validates_with_and_without_its_slash(
    api: APIClient, user: User, code: str, path: str, slash: str
) -> None:
    body = {"email": user.email, "otp": code}
    assert post(api, path.rstrip("/") + slash, body) == VALIDATED


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_post_is_allowed(api: APIClient, method: str) -> None:
    answer = getattr(api, method)(PATH)
    assert answer.status_code == 405
    assert answer.json() == {"error": f'Method "{method.upper()}" not allowed.'}
    assert "POST" in answer["Allow"]


def test_a_stale_token_does_not_bar_the_way(api: APIClient, user: User, code: str) -> None:
    api.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert validate(api, user, code) == VALIDATED


def test_the_seeds_example_works(api: APIClient, make_user: Callable[..., User], code_of: CodeOf) -> None:
    user = make_user("Shambhu@botshreyasi")
    assert post(api, "/validate-email/", {"email": "Shambhu@botshreyasi", "otp": "123456"}) == INVALID
    generate(api, user)
    form = f"email=Shambhu@botshreyasi&OTP={code_of(user, otp.EMAIL_VALIDATION)}"
    answer = api.post("/validate-email/", form, content_type=FORM)
    assert (answer.status_code, answer.json()) == VALIDATED


@pytest.mark.parametrize("name", ["otp", "OTP"])
def test_the_right_code_verifies_the_user(api: APIClient, user: User, code: str, name: str) -> None:
    assert not user.is_email_verified
    assert post(api, PATH, {"email": " KIM@Example.com ", name: code}) == VALIDATED
    user.refresh_from_db()
    assert user.is_email_verified


def test_the_documented_name_wins_over_the_alias(api: APIClient, user: User, code: str, wrong: str) -> None:
    assert post(api, PATH, {"email": user.email, "OTP": wrong, "otp": code}) == VALIDATED


def test_a_wrong_code_verifies_nobody(api: APIClient, user: User, wrong: str) -> None:
    assert validate(api, user, wrong) == INVALID
    user.refresh_from_db()
    assert not user.is_email_verified


def test_a_code_works_once(api: APIClient, user: User, code: str, wrong: str, settings: Settings) -> None:
    validate(api, user, code)
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert validate(api, user, code) == USED
        assert validate(api, user, wrong) == INVALID


def test_an_expired_code_is_named_to_whoever_enters_it(
    clock: Any, api: APIClient, user: User, code: str, wrong: str, settings: Settings
) -> None:
    clock.shift(settings.OTP_LIFETIME)
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert validate(api, user, code) == EXPIRED
        assert validate(api, user, wrong) == INVALID


def test_a_code_works_until_its_time_is_over(
    clock: Any, api: APIClient, user: User, code: str, settings: Settings
) -> None:
    clock.shift(settings.OTP_LIFETIME.total_seconds() - 1)
    assert validate(api, user, code) == VALIDATED


def test_without_a_code_every_entry_is_invalid_and_none_counts(
    api: APIClient, user: User, settings: Settings
) -> None:
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert validate(api, user, "123456") == INVALID


def test_an_unknown_address_is_not_found(api: APIClient, db: None) -> None:
    assert post(api, PATH, {"email": "nobody@example.com", "otp": "123456"}) == UNKNOWN


def test_a_deactivated_user_is_answered_like_an_unknown_one(api: APIClient, user: User, code: str) -> None:
    User.objects.update(is_active=False)
    assert validate(api, user, code) == UNKNOWN


def test_third_invalid_try_kills_the_code(
    api: APIClient, user: User, code: str, wrong: str, settings: Settings
) -> None:
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        assert validate(api, user, wrong) == INVALID
    assert validate(api, user, wrong) == EXCEEDED
    assert validate(api, user, wrong) == EXCEEDED
    assert validate(api, user, code) == EXCEEDED
    user.refresh_from_db()
    assert not user.is_email_verified


def test_the_tries_do_not_lock_the_account(
    api: APIClient, user: User, code: str, wrong: str, password: str, settings: Settings
) -> None:
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        validate(api, user, wrong)
    body = {"email": user.email, "password": password}
    assert post(api, "/userprofile/account_locked/", body)[0] == 200
    assert post(api, "/userprofile/forget_password/", {"email": user.email})[0] == 200
    user.refresh_from_db()
    assert (user.reset_failures, user.sign_in_failures) == (0, 0)


def test_the_tries_are_the_codes_own(
    api: APIClient, user: User, code_of: CodeOf, wrong: str, settings: Settings
) -> None:
    for _ in range(settings.OTP_MAX_FAILURES):
        validate(api, user, wrong)
    generate(api, user)
    assert validate(api, user, code_of(user, otp.EMAIL_VALIDATION)) == VALIDATED


def test_a_dead_code_stays_dead_when_its_time_is_over(
    clock: Any, api: APIClient, user: User, code: str, wrong: str, settings: Settings
) -> None:
    for _ in range(settings.OTP_MAX_FAILURES):
        validate(api, user, wrong)
    clock.shift(settings.OTP_LIFETIME)
    assert validate(api, user, code) == EXCEEDED


def test_a_reset_code_never_validates_an_address(
    api: APIClient, user: User, code: str, code_of: CodeOf
) -> None:
    post(api, "/userprofile/forget_password/", {"email": user.email})
    assert validate(api, user, code_of(user)) == INVALID
    assert validate(api, user, code) == VALIDATED


def test_another_users_code_opens_nothing(
    api: APIClient, user: User, code: str, make_user: Callable[..., User]
) -> None:
    other = make_user("lou@example.com")
    generate(api, other)
    assert validate(api, other, code) == INVALID


def test_a_code_sent_to_an_earlier_address_does_not_verify_the_new_one(
    api: APIClient, user: User, code: str
) -> None:
    user.email = "kim@example.org"
    user.save()
    assert validate(api, user, code) == INVALID
    user.refresh_from_db()
    assert not user.is_email_verified


@pytest.mark.parametrize(
    ("entered", "message"),
    [
        ("12345", "The OTP must be exactly 6 digits."),
        ("1234567", "The OTP must be exactly 6 digits."),
        ("１２３４５６", "The OTP must be exactly 6 digits."),
        ("١٢٣٤٥٦", "The OTP must be exactly 6 digits."),
        ("", "This field may not be blank."),
        (None, "This field may not be null."),
        (123456, "Not a valid string."),
        (["123456"], "Not a valid string."),
        ("123456\x00", "Control characters and broken Unicode are not allowed."),
    ],
)
def test_a_malformed_code_is_refused_and_no_try(
    api: APIClient, user: User, code: str, settings: Settings, entered: Any, message: str
) -> None:
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert validate(api, user, entered) == (
            400,
            {"error": "Invalid input.", "details": {"otp": [message]}},
        )
    assert EmailsLogs.objects.get().failures == 0
    assert validate(api, user, f" {code} ") == VALIDATED


def test_both_fields_are_required(api: APIClient, db: None) -> None:
    required = ["This field is required."]
    assert post(api, PATH, {}) == (
        400,
        {"error": "Invalid input.", "details": {"email": required, "otp": required}},
    )


def test_each_refusal_has_its_code(
    clock: Any, api: APIClient, user: User, code: str, wrong: str, settings: Settings
) -> None:
    def problem(entered: str, email: str = user.email) -> tuple[int, str, str]:
        body = {"email": email, "otp": entered}
        answer = api.post(PATH, body, HTTP_ACCEPT="application/problem+json").json()
        return answer["status"], answer["code"], answer["detail"]

    assert problem(code, "nobody@example.com") == (404, "user_not_found", "User not found")
    assert problem(wrong) == (400, "otp_invalid", "Invalid OTP")
    clock.shift(settings.OTP_LIFETIME)
    assert problem(code) == (400, "otp_expired", "Expired OTP")
    EmailsLogs.objects.update(used_at=user.date_joined)
    assert problem(code) == (400, "otp_used", "OTP is already used")
    EmailsLogs.objects.update(failures=settings.OTP_MAX_FAILURES)
    assert problem(code) == (400, "otp_attempts_exceeded", "OTP attempts exceeded. Request a new OTP.")
