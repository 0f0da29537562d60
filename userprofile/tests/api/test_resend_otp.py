"""POST /userprofile/Resend_OTP/: a new reset code in place of the last one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.mechanisms import delivery, otp
from userprofile.models import EmailsLogs, User
from userprofile.tests.conftest import NEW_PASSWORD

PATH = "/userprofile/Resend_OTP/"
FORGET = "/userprofile/forget_password/"
FORM = "application/x-www-form-urlencoded"
Answer = tuple[int, Any]
CodeOf = Callable[..., str]

SENT = (200, {"message": "OTP Resend successfully"})
UNKNOWN = (404, {"message": "User not found"})
BLOCKED = (403, {"message": "Forget password attempts exceeded. Your account has been blocked."})
LOCKED = (403, {"message": "Account locked. Contact admin."})


def post(api: APIClient, path: str, body: dict[str, Any]) -> Answer:
    answer = api.post(path, json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def resend(api: APIClient, user: User) -> Answer:
    return post(api, PATH, {"email": user.email})


def reset(api: APIClient, user: User, code: str) -> Answer:
    body = {"otp_entered": code, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    return post(api, FORGET, {"email": user.email, **body})


def test_the_seeds_name_leads_here() -> None:
    assert reverse("Resend_OTP") == PATH


def test_a_missing_slash_is_answered_by_the_view(api: APIClient, user: User) -> None:
    assert post(api, "/userprofile/Resend_OTP", {"email": user.email}) == SENT


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_post_is_allowed(api: APIClient, method: str) -> None:
    answer = getattr(api, method)(PATH)
    assert answer.status_code == 405
    assert answer.json() == {"error": f'Method "{method.upper()}" not allowed.'}
    assert "POST" in answer["Allow"]


def test_a_stale_token_does_not_bar_the_way(api: APIClient, user: User) -> None:
    api.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert resend(api, user) == SENT


def test_the_seeds_curl_works(api: APIClient, make_user: Callable[..., User]) -> None:
    user = make_user("Shambhu@botshyeyasi")
    answer = api.post(PATH, "email=Shambhu@botshyeyasi", content_type=FORM)
    assert (answer.status_code, answer.json()) == SENT
    assert EmailsLogs.objects.get().to_email == user.email


def test_the_code_is_never_in_the_answer(api: APIClient, user: User, settings: Settings) -> None:
    settings.OTP_IN_RESPONSE = True
    assert resend(api, user) == SENT


def test_an_unknown_address_is_not_found(api: APIClient, user: User) -> None:
    assert post(api, PATH, {"email": "nobody@example.com"}) == UNKNOWN


def test_a_deactivated_user_is_answered_like_an_unknown_one(
    api: APIClient, make_user: Callable[..., User]
) -> None:
    assert resend(api, make_user("gone@example.com", is_active=False)) == UNKNOWN


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "This field is required."),
        ({"email": ""}, "This field may not be blank."),
        ({"email": None}, "This field may not be null."),
        ({"email": "kim"}, "Enter a valid email address."),
        ({"email": 7}, "Not a valid string."),
        ({"email": "kim\x00@example.com"}, "Control characters and broken Unicode are not allowed."),
    ],
)
def test_a_malformed_body_is_refused_by_name(
    api: APIClient, db: None, body: dict[str, Any], message: str
) -> None:
    assert post(api, PATH, body) == (400, {"error": "Invalid input.", "details": {"email": [message]}})


def test_the_new_code_replaces_the_old_one(
    api: APIClient, user: User, code_of: CodeOf, settings: Settings
) -> None:
    post(api, FORGET, {"email": user.email})
    replaced = code_of(user)
    assert resend(api, user) == SENT
    assert code_of(user) != replaced
    assert reset(api, user, replaced) == (400, {"error": "Invalid OTP"})
    assert reset(api, user, code_of(user)) == (200, {"message": "Password reset successfully"})


def test_a_queued_mail_whose_code_was_replaced_is_not_sent(
    api: APIClient, user: User, code_of: CodeOf
) -> None:
    post(api, FORGET, {"email": user.email})
    resend(api, user)
    assert delivery.deliver_due() == 1
    assert [message.to for message in mail.outbox] == [[user.email]]
    assert code_of(user) in str(mail.outbox[0].body)
    assert [row.status for row in EmailsLogs.objects.order_by("id")] == ["replaced", "sent"]


def test_a_validation_code_is_not_resent_here(api: APIClient, user: User, code_of: CodeOf) -> None:
    post(api, "/userprofile/Generate_OTP/", {"email": user.email})
    code = code_of(user, otp.EMAIL_VALIDATION)
    resend(api, user)
    assert code_of(user, otp.EMAIL_VALIDATION) == code
    answer = post(api, "/userprofile/Email-Validation/", {"email": user.email, "otp": code})
    assert answer == (200, {"message": "Email validated successfully"})


# --- Counting ---------------------------------------------------------------------------------


def attempts(user: User) -> int:
    user.refresh_from_db()
    return user.forget_password_attempts


@pytest.mark.parametrize("path", [PATH, FORGET])
def test_the_first_code_is_free_by_either_endpoint(api: APIClient, user: User, path: str) -> None:
    assert post(api, path, {"email": user.email})[0] == 200
    assert attempts(user) == 0


@pytest.mark.parametrize("paths", [(PATH, PATH), (FORGET, PATH), (PATH, FORGET), (FORGET, FORGET)])
def test_each_further_code_adds_one_by_either_endpoint(
    api: APIClient, user: User, paths: tuple[str, str]
) -> None:
    for path in paths:
        assert post(api, path, {"email": user.email})[0] == 200
    assert attempts(user) == 1


def test_five_resends_succeed_and_the_sixth_blocks(api: APIClient, user: User, settings: Settings) -> None:
    post(api, FORGET, {"email": user.email})
    for number in range(1, settings.OTP_MAX_RESENDS + 1):
        assert resend(api, user) == SENT
        assert attempts(user) == number
    assert user.blocked_at is None
    assert resend(api, user) == BLOCKED
    assert attempts(user) == settings.OTP_MAX_RESENDS
    assert user.blocked_at is not None
    asked = post(api, FORGET, {"email": user.email})
    assert asked == (403, {"error": BLOCKED[1]["message"]})


def test_a_refused_request_moves_nothing(api: APIClient, user: User, clock: Any, settings: Settings) -> None:
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        resend(api, user)
    user.refresh_from_db()
    accepted_at = user.last_code_requested_at
    clock.shift(3600)
    resend(api, user)
    user.refresh_from_db()
    blocked_at = user.blocked_at
    clock.shift(3600)
    assert resend(api, user) == BLOCKED
    assert attempts(user) == settings.OTP_MAX_RESENDS
    assert (user.last_code_requested_at, user.blocked_at) == (accepted_at, blocked_at)
    assert EmailsLogs.objects.count() == 1 + settings.OTP_MAX_RESENDS


def test_the_time_of_the_last_accepted_request_has_a_column_of_its_own(
    api: APIClient, user: User, clock: Any
) -> None:
    resend(api, user)
    clock.shift(60)
    resend(api, user)
    user.refresh_from_db()
    assert user.last_code_requested_at == EmailsLogs.objects.latest("id").created_at
    assert user.last_login is None


def test_the_count_lapses_and_the_next_code_is_free_again(
    api: APIClient, user: User, clock: Any, settings: Settings
) -> None:
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        resend(api, user)
    clock.shift(settings.UNBLOCK_AFTER)
    for number in range(1 + settings.OTP_MAX_RESENDS):
        assert resend(api, user) == SENT
        assert attempts(user) == number
    assert resend(api, user) == BLOCKED


def test_the_count_does_not_lapse_a_second_early(
    api: APIClient, user: User, clock: Any, settings: Settings
) -> None:
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        resend(api, user)
    clock.shift(settings.UNBLOCK_AFTER.total_seconds() - 1)
    assert resend(api, user) == BLOCKED


def test_the_window_runs_from_the_last_accepted_request(
    api: APIClient, user: User, clock: Any, settings: Settings
) -> None:
    resend(api, user)
    clock.shift(settings.UNBLOCK_AFTER.total_seconds() - 1)
    resend(api, user)
    clock.shift(settings.UNBLOCK_AFTER.total_seconds() - 1)
    resend(api, user)
    assert attempts(user) == 2


def test_a_blocked_users_count_does_not_lapse_by_itself(
    api: APIClient, user: User, clock: Any, settings: Settings
) -> None:
    for _ in range(2 + settings.OTP_MAX_RESENDS):
        resend(api, user)
    clock.shift(2 * settings.UNBLOCK_AFTER)
    assert resend(api, user) == BLOCKED


def test_a_live_code_works_while_blocked_and_a_reset_clears_count_and_block(
    api: APIClient, user: User, code_of: CodeOf, settings: Settings
) -> None:
    for _ in range(2 + settings.OTP_MAX_RESENDS):
        resend(api, user)
    assert reset(api, user, code_of(user)) == (200, {"message": "Password reset successfully"})
    assert attempts(user) == 0
    assert user.blocked_at is None
    assert resend(api, user) == SENT


def test_a_reset_lock_stops_resending_and_comes_before_the_block(
    api: APIClient, user: User, clock: Any
) -> None:
    User.objects.update(reset_locked_at=user.date_joined)
    assert resend(api, user) == LOCKED
    User.objects.update(blocked_at=user.date_joined)
    assert resend(api, user) == LOCKED


def test_each_refusal_has_its_code(api: APIClient, user: User) -> None:
    def problem(email: str) -> Any:
        answer = api.post(PATH, {"email": email}, HTTP_ACCEPT="application/problem+json")
        assert answer["Content-Type"] == "application/problem+json"
        return answer.json()

    common = {"type": "about:blank", "title": "Forbidden", "status": 403}
    User.objects.update(blocked_at=user.date_joined)
    detail = BLOCKED[1]["message"]
    assert problem(user.email) == {**common, "detail": detail, "code": "account_blocked"}
    User.objects.update(reset_locked_at=user.date_joined)
    detail = LOCKED[1]["message"]
    assert problem(user.email) == {**common, "detail": detail, "code": "account_locked"}
    common = {"type": "about:blank", "title": "Not Found", "status": 404}
    assert problem("nobody@example.com") == {**common, "detail": "User not found", "code": "user_not_found"}


def test_the_mail_throttle_counts_by_address_in_any_spelling(
    api: APIClient, user: User, settings: Settings
) -> None:
    settings.THROTTLES = True
    settings.THROTTLE_MAIL = (2, 3600)
    assert resend(api, user) == SENT
    assert post(api, PATH, {"email": " KIM@Example.COM"}) == SENT
    answer = api.post(PATH, {"email": user.email})
    assert answer.status_code == 429
    assert answer.json() == {"error": f"Too many requests. Try again in {answer['Retry-After']} seconds."}
    assert post(api, PATH, {"email": "nobody@example.com"}) == UNKNOWN
