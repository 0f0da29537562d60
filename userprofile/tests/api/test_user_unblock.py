"""POST /userprofile/User_unblock/: lift the block that too many reset codes caused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.models import User
from userprofile.tests.conftest import NEW_PASSWORD

PATH = "/userprofile/User_unblock/"
ALIASES = ["/userprofile/User_Unblock/", "/api/unblock/"]
RESEND = "/userprofile/Resend_OTP/"
Answer = tuple[int, Any]

UNBLOCKED = (200, {"message": "User unblocked successfully"})
UNKNOWN = (400, {"error": "User not found"})
NOT_BLOCKED = (400, {"error": "User is not blocked"})
TOO_EARLY = (400, {"error": "24 hours have not passed since last attempt"})
SENT = (200, {"message": "OTP Resend successfully"})


def post(api: APIClient, path: str, body: Any) -> Answer:
    answer = api.post(path, json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def unblock(api: APIClient, user: User) -> Answer:
    return post(api, PATH, {"email": user.email})


@pytest.fixture
def blocked(clock: Any, api: APIClient, user: User, settings: Settings) -> User:
    """A user who has just been blocked; the clock stands at the last accepted request."""
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        assert post(api, RESEND, {"email": user.email}) == SENT
    assert post(api, RESEND, {"email": user.email})[0] == 403
    return user


def test_the_seeds_name_leads_here() -> None:
    assert reverse("UnblockUser") == PATH


@pytest.mark.parametrize("path", [PATH, *ALIASES])
@pytest.mark.parametrize("slash", ["/", ""])
def test_every_path_unblocks_with_and_without_its_slash(
    api: APIClient, blocked: User, clock: Any, settings: Settings, path: str, slash: str
) -> None:
    clock.shift(settings.UNBLOCK_AFTER)
    assert post(api, path.rstrip("/") + slash, {"email": blocked.email}) == UNBLOCKED


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_post_is_allowed(api: APIClient, method: str) -> None:
    answer = getattr(api, method)(PATH)
    assert answer.status_code == 405
    assert answer.json() == {"error": f'Method "{method.upper()}" not allowed.'}
    assert "POST" in answer["Allow"]


def test_a_stale_token_does_not_bar_the_way(api: APIClient, user: User) -> None:
    api.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert unblock(api, user) == NOT_BLOCKED


def test_the_seeds_example_works(api: APIClient, make_user: Callable[..., User]) -> None:
    assert post(api, "/api/unblock/", {"email": "example@example.com"}) == UNKNOWN
    make_user("example@example.com")
    assert post(api, "/api/unblock/", {"email": "example@example.com"}) == NOT_BLOCKED


def test_a_form_is_read_and_any_spelling_of_the_address(
    api: APIClient, blocked: User, clock: Any, settings: Settings
) -> None:
    clock.shift(settings.UNBLOCK_AFTER)
    answer = api.post(PATH, {"email": " KIM@Example.com "})
    assert (answer.status_code, answer.json()) == UNBLOCKED


def test_an_unknown_address_is_not_found_with_400(api: APIClient, db: None) -> None:
    assert post(api, PATH, {"email": "nobody@example.com"}) == UNKNOWN


def test_a_deactivated_user_is_answered_like_an_unknown_one(api: APIClient, blocked: User) -> None:
    User.objects.update(is_active=False)
    assert unblock(api, blocked) == UNKNOWN


def test_who_is_not_blocked_is_told_so(api: APIClient, user: User) -> None:
    assert unblock(api, user) == NOT_BLOCKED
    post(api, RESEND, {"email": user.email})
    assert unblock(api, user) == NOT_BLOCKED


def test_a_block_is_lifted_a_day_after_the_last_accepted_request(
    api: APIClient, blocked: User, clock: Any, settings: Settings
) -> None:
    clock.shift(settings.UNBLOCK_AFTER.total_seconds() - 1)
    assert unblock(api, blocked) == TOO_EARLY
    clock.shift(1)
    assert unblock(api, blocked) == UNBLOCKED
    assert unblock(api, blocked) == NOT_BLOCKED


def test_refused_requests_do_not_lengthen_a_block(
    api: APIClient, blocked: User, clock: Any, settings: Settings
) -> None:
    clock.shift(settings.UNBLOCK_AFTER.total_seconds() - 1)
    assert post(api, RESEND, {"email": blocked.email})[0] == 403
    assert unblock(api, blocked) == TOO_EARLY
    clock.shift(1)
    assert unblock(api, blocked) == UNBLOCKED


def test_the_day_runs_from_the_last_accepted_request_not_from_the_block(
    api: APIClient, user: User, clock: Any, settings: Settings
) -> None:
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        post(api, RESEND, {"email": user.email})
    clock.shift(settings.UNBLOCK_AFTER.total_seconds() - 1)
    assert post(api, RESEND, {"email": user.email})[0] == 403
    clock.shift(1)
    assert unblock(api, user) == UNBLOCKED


def test_an_unblocked_users_count_starts_at_nothing(
    api: APIClient, blocked: User, clock: Any, settings: Settings
) -> None:
    clock.shift(settings.UNBLOCK_AFTER)
    unblock(api, blocked)
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        assert post(api, RESEND, {"email": blocked.email}) == SENT
    assert post(api, RESEND, {"email": blocked.email})[0] == 403


@pytest.mark.parametrize("lock", ["sign_in_locked_at", "reset_locked_at"])
def test_a_lock_is_no_block_and_is_never_lifted(api: APIClient, user: User, lock: str) -> None:
    User.objects.update(**{lock: user.date_joined})
    assert unblock(api, user) == NOT_BLOCKED
    user.refresh_from_db()
    assert getattr(user, lock) == user.date_joined


def test_lifting_a_block_leaves_locks_and_counts_alone(
    api: APIClient, blocked: User, clock: Any, settings: Settings
) -> None:
    moment = blocked.date_joined
    User.objects.update(
        sign_in_failures=2, sign_in_locked_at=moment, reset_failures=1, reset_locked_at=moment
    )
    clock.shift(settings.UNBLOCK_AFTER)
    assert unblock(api, blocked) == UNBLOCKED
    blocked.refresh_from_db()
    assert (blocked.sign_in_failures, blocked.reset_failures) == (2, 1)
    assert blocked.sign_in_locked_at == blocked.reset_locked_at == moment


def test_after_a_reset_there_is_nothing_to_unblock(
    api: APIClient, blocked: User, code_of: Callable[..., str]
) -> None:
    body = {"email": blocked.email, "otp_entered": code_of(blocked)}
    body |= {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert post(api, "/userprofile/forget_password/", body)[0] == 200
    assert unblock(api, blocked) == NOT_BLOCKED


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "This field is required."),
        ({"email": ""}, "This field may not be blank."),
        ({"email": "kim"}, "Enter a valid email address."),
        ({"email": {}}, "Not a valid string."),
    ],
)
def test_a_malformed_body_is_refused_by_name(
    api: APIClient, db: None, body: dict[str, Any], message: str
) -> None:
    assert post(api, PATH, body) == (400, {"error": "Invalid input.", "details": {"email": [message]}})


def test_a_body_that_is_no_object_is_refused(api: APIClient, db: None) -> None:
    message = "Invalid data. Expected a dictionary, but got list."
    assert post(api, PATH, ["kim@example.com"]) == (
        400,
        {"error": "Invalid input.", "details": {"non_field_errors": [message]}},
    )


def test_each_refusal_has_its_code(api: APIClient, blocked: User) -> None:
    def problem(email: str) -> tuple[int, str, str]:
        answer = api.post(PATH, {"email": email}, HTTP_ACCEPT="application/problem+json")
        assert answer["Content-Type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"], answer.json()["detail"]

    assert problem("nobody@example.com") == (400, "user_not_found", UNKNOWN[1]["error"])
    assert problem(blocked.email) == (400, "too_early", TOO_EARLY[1]["error"])
    User.objects.update(blocked_at=None)
    assert problem(blocked.email) == (400, "not_blocked", NOT_BLOCKED[1]["error"])
