"""/userprofile/User&App/: a user's details, or an application's, by the id in the body."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from application.models import Application
from userprofile.models import User

pytestmark = pytest.mark.django_db

PATHS = ["/userprofile/User&App/", "/api/update/"]
METHODS = ["put", "patch", "post"]
USER_UPDATED = (200, {"message": "User details updated successfully"})
APPLICATION_UPDATED = (200, {"message": "Application details updated successfully"})
NO_USER = (404, {"error": "User with provided ID does not exist"})
NO_APPLICATION = (404, {"error": "Application with provided ID does not exist"})
NO_TARGET = (400, {"error": "user_id or application_id is required"})
TWO_TARGETS = (400, {"error": "Give user_id or application_id, not both"})


def answer(response: Any) -> tuple[int, Any]:
    return response.status_code, response.json()


def send(client: Any, method: str = "put", path: str = PATHS[0], **body: Any) -> tuple[int, Any]:
    return answer(getattr(client, method)(path, json.dumps(body), content_type="application/json"))


@pytest.fixture
def by_kim(user: User, sign_in: Callable[..., Any]) -> Any:
    return sign_in(user)


@pytest.fixture
def kims(user: User) -> Application:
    return Application.objects.create(owner=user)


@pytest.fixture
def other(make_user: Callable[..., User]) -> User:
    return make_user("lee@example.com")


@pytest.fixture
def others(other: User) -> Application:
    return Application.objects.create(owner=other)


def test_reverse_name_is_the_seeds() -> None:
    assert reverse("Update_User_and_Application_Details") == PATHS[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_user_is_updated(method: str, path: str, user: User, by_kim: Any) -> None:
    assert send(by_kim, method, path, user_id=user.pk, first_name="Kim") == USER_UPDATED
    user.refresh_from_db()
    assert user.first_name == "Kim"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_application_is_updated(method: str, path: str, kims: Application, by_kim: Any) -> None:
    assert send(by_kim, method, path, application_id=kims.pk, state_name="Goa") == APPLICATION_UPDATED
    kims.refresh_from_db()
    assert kims.state_name == "Goa"


def test_number_may_be_ascii_digits(user: User, kims: Application, by_kim: Any) -> None:
    assert send(by_kim, user_id=f" {user.pk} ", first_name="Kim") == USER_UPDATED
    form = by_kim.put(PATHS[0], {"application_id": str(kims.pk), "state_name": "Goa"})
    assert answer(form) == APPLICATION_UPDATED


@pytest.mark.parametrize(
    "body", [{}, {"first_name": "Kim"}, {"user_id": None}, {"application_id": None, "user_id": None}]
)
def test_no_target_is_a_400(body: dict[str, Any], by_kim: Any) -> None:
    assert send(by_kim, **body) == NO_TARGET


def test_blank_target_in_a_form_is_none(by_kim: Any) -> None:
    assert answer(by_kim.put(PATHS[0], {"user_id": "", "first_name": "Kim"})) == NO_TARGET


def test_two_targets_are_a_400(user: User, kims: Application, by_kim: Any) -> None:
    assert send(by_kim, user_id=user.pk, application_id=kims.pk, first_name="Kim") == TWO_TARGETS
    assert send(by_kim, user_id=0, application_id=0) == TWO_TARGETS


def test_null_target_is_none_given(user: User, by_kim: Any) -> None:
    assert send(by_kim, user_id=user.pk, application_id=None, first_name="Kim") == USER_UPDATED


@pytest.mark.parametrize("value", ["one", "1.5", 1.5, True, "１", [1], {}, "0x1"])
def test_what_is_no_number_is_a_400(value: Any, by_kim: Any) -> None:
    for name in ("user_id", "application_id"):
        expected = {"error": "Invalid input.", "details": {name: ["A valid integer is required."]}}
        assert send(by_kim, **{name: value}) == (400, expected)


def test_strangers_and_unknown_ids_are_answered_alike(by_kim: Any, other: User, others: Application) -> None:
    for number in (other.pk, other.pk + 10**6, 0, -1):
        assert send(by_kim, user_id=number, first_name="Mallory") == NO_USER
    for number in (others.pk, others.pk + 10**6, 0, -1):
        assert send(by_kim, application_id=number, state_name="Goa") == NO_APPLICATION
    other.refresh_from_db()
    others.refresh_from_db()
    assert (other.first_name, others.state_name) == ("", "")


def test_staff_updates_anybodys(
    staff: User, other: User, others: Application, sign_in: Callable[..., Any]
) -> None:
    client = sign_in(staff)
    assert send(client, user_id=other.pk, first_name="Lee") == USER_UPDATED
    assert send(client, application_id=others.pk, is_ats=True) == APPLICATION_UPDATED
    others.refresh_from_db()
    assert others.is_ats is True


def test_staffs_own_fields_are_ignored_from_the_owner(kims: Application, by_kim: Any) -> None:
    body: dict[str, Any] = {"is_ats": True, "license_end_date": "2027-01-01", "state_name": "Goa"}
    assert send(by_kim, application_id=kims.pk, **body) == APPLICATION_UPDATED
    kims.refresh_from_db()
    assert (kims.is_ats, kims.license_end_date, kims.state_name) == (False, None, "Goa")


def test_fields_are_judged_as_at_the_other_doors(user: User, kims: Application, by_kim: Any) -> None:
    assert send(by_kim, user_id=user.pk, dob="never") == (
        400,
        {"error": "Invalid input.", "details": {"dob": ["Write a date as YYYY-MM-DD."]}},
    )
    status, body = send(by_kim, application_id=kims.pk, application_pan_no="X")
    assert (status, list(body["details"])) == (400, ["application_pan_no"])
    status, body = send(by_kim, user_id=user.pk)
    assert (status, list(body["details"])) == (400, ["non_field_errors"])


def test_address_needs_the_same_proof_as_at_the_other_door(
    user: User, clock: Any, by_kim: Any, password: str, settings: Any
) -> None:
    clock.shift(settings.REAUTHENTICATE_AFTER)
    sentence = "Sign in again or send current_password to change the email."
    assert send(by_kim, user_id=user.pk, email="new@example.com") == (403, {"error": sentence})
    body = {"email": "new@example.com", "current_password": password}
    assert send(by_kim, user_id=user.pk, **body) == USER_UPDATED


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_it_is_401(method: str, path: str, user: User, api: APIClient) -> None:
    expected = (401, {"detail": "Authentication credentials were not provided."})
    for body in ({"user_id": user.pk, "first_name": "Mallory"}, {"application_id": 1}, {}):
        assert send(api, method, path, **body) == expected


def test_it_is_not_for_reading(by_kim: Any) -> None:
    for path in PATHS:
        assert answer(by_kim.get(path)) == (405, {"error": 'Method "GET" not allowed.'})
