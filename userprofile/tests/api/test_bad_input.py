"""Every field of every endpoint against hostile values: a 400 that names the field, in JSON."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from application.models import Application
from userprofile.models import User
from userprofile.tests.api.doors import (
    ACCOUNT_LOCKED,
    ACTIVITY,
    APPLICATION_UPDATE,
    EMAIL,
    FORGET_PASSWORD,
    ID,
    LOGIN,
    READING_DOORS,
    USER_AND_APP,
    USER_UPDATE,
    Door,
)
from userprofile.tests.api.hostile import CODE, HOSTILE, SECRET, USER_HOSTILE

pytestmark = pytest.mark.django_db

AtTheDoor = Callable[[Door], APIClient]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

FIELDS = [(door, field) for door in READING_DOORS for field in door.body]


def send(client: Any, door: Door, body: dict[str, Any]) -> Any:
    method = getattr(client, door.writing_methods[-1])
    return method(door.path, json.dumps(body), content_type=JSON)


def is_refusal_of(field: str, response: Any, door: Door) -> bool:
    """The whole body: one sentence, and `details` that name this field and no other."""
    body = response.json()
    messages = body.get("details", {}).get(field, [])
    return bool(
        response.status_code == 400
        and body == {door.error_key: "Invalid input.", "details": {field: messages}}
        and messages
        and all(isinstance(message, str) and message for message in messages)
    )


@pytest.mark.parametrize(("door", "field"), FIELDS, ids=[f"{door.name}-{field}" for door, field in FIELDS])
def test_hostile_value_is_a_400_that_names_its_field(
    door: Door, field: str, at_the_door: AtTheDoor, clock: object
) -> None:
    client = at_the_door(door)
    accepted = []
    for value in HOSTILE[door.name][field]:
        response = send(client, door, {**door.body, field: value})
        if not is_refusal_of(field, response, door):
            accepted.append((value, response.status_code, response.content))
    assert accepted == []


def test_hostile_values_are_listed_for_every_field() -> None:
    listed = [(name, field) for name, fields in HOSTILE.items() for field in fields]
    assert sorted(listed) == sorted((door.name, field) for door, field in FIELDS)


def test_hostile_values_change_nothing(at_the_door: AtTheDoor, kim: User) -> None:
    client = at_the_door(USER_UPDATE)
    before = User.objects.values().get(pk=kim.pk)
    for field, values in USER_HOSTILE.items():
        send(client, USER_UPDATE, {**USER_UPDATE.body, field: values[0]})
    assert User.objects.values().get(pk=kim.pk) == before


@pytest.mark.parametrize("alias", ["OTP"])
def test_alias_of_a_field_is_judged_alike(alias: str, api: APIClient, kim: User) -> None:
    for value in CODE:
        body = json.dumps({"email": EMAIL, alias: value})
        response = api.post("/userprofile/Email-Validation/", body, content_type=JSON)
        assert (response.status_code, set(response.json()["details"])) == (400, {"otp"}), value


def test_hostile_password_alias_is_judged_alike(api: APIClient, kim: User) -> None:
    for value in SECRET:
        response = send(api, ACCOUNT_LOCKED, {"email": EMAIL, "password": value})
        assert is_refusal_of("Password", response, ACCOUNT_LOCKED), value


def test_missing_fields_are_named(api: APIClient, db: None) -> None:
    required = ["This field is required."]
    for door in READING_DOORS:
        if not door.is_open:
            continue
        response = send(api, door, {})
        fields = {"email"} if door is FORGET_PASSWORD or "otp" not in door.body else {"email", "otp"}
        fields = {name for name in door.body if name in (*fields, "Password", "password", "refresh_token")}
        fields -= {"otp"} if door.name == "SendAndVerifyOTP" else set()
        assert response.json() == {
            door.error_key: "Invalid input.",
            "details": dict.fromkeys(fields, required),
        }


# --- Forms ------------------------------------------------------------------------------------

HOSTILE_BYTES = [
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%FF%FE",
    "a%07",
    "%C0%80",
    "%0A%0Da",
    "a%E2%80",
    "%F5%80%80%80",
]
TEXT_FIELDS = [
    (door, field) for door, field in FIELDS if field not in ("application_address", "application_about")
]


@pytest.mark.parametrize(
    ("door", "field"), TEXT_FIELDS, ids=[f"{door.name}-{field}" for door, field in TEXT_FIELDS]
)
def test_hostile_bytes_in_a_form_are_a_400(door: Door, field: str, at_the_door: AtTheDoor) -> None:
    client = at_the_door(door)
    for value in HOSTILE_BYTES:
        others = "&".join(f"{name}={other}" for name, other in door.body.items() if name != field)
        others = others.replace("+", "%2B").replace(" ", "%20")
        response = getattr(client, door.writing_methods[-1])(
            door.path, f"{others}&{field}={value}".encode(), content_type=FORM
        )
        assert is_refusal_of(field, response, door), (value, response.content)


def test_raw_bytes_that_are_no_utf8_are_no_text(api: APIClient, kim: User) -> None:
    for body in (b"email=\xff\xfe@example.com&password=x", b"email=k\xe9@example.com\x00&password=x"):
        response = api.post(LOGIN.path, body, content_type=FORM)
        assert response.status_code in (400, 401)
        assert set(response.json()) <= {"detail", "details"}


def test_file_in_place_of_a_text_is_a_400(at_the_door: AtTheDoor) -> None:
    for door in READING_DOORS:
        client = at_the_door(door)
        for field in door.body:
            file = io.BytesIO(b"male")
            file.name = "male"
            sent = {**door.body, field: file}
            response = getattr(client, door.writing_methods[-1])(door.path, sent, format="multipart")
            assert is_refusal_of(field, response, door), (door.name, field, response.content)


# --- Numbers in paths and queries -------------------------------------------------------------

NO_IDS = ["0", str(2**31), str(2**32), str(2**63), str(2**64), "9" * 400, "9" * 5000]
NO_NUMBERS_IN_PATHS = [
    "-1",
    "+1",
    "1.0",
    "0x1",
    "one",
    "%D9%A1",
    "%EF%BC%91",
    "%00",
    "1%00",
    "%201",
    "1%20",
    "%0A1",
    "1;2",
    "%ED%A0%80",
    "%FF",
]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/userprofile/User_update/{}/", "User with provided ID does not exist"),
        ("/application/Application_update/{}/", "Application with provided ID does not exist"),
    ],
)
def test_number_in_the_path_that_is_no_id_is_404(
    path: str, sentence: str, staff: User, sign_in: Callable[[User], APIClient]
) -> None:
    client = sign_in(staff)
    for number in NO_IDS:
        for method in ("get", "put"):
            response = getattr(client, method)(path.format(number), {"first_name": "Kim"})
            expected = "Not found." if len(number) > 4300 else sentence
            assert (response.status_code, response.json()) == (404, {"error": expected}), number
    for number in NO_NUMBERS_IN_PATHS:
        response = client.get(path.format(number))
        assert (response.status_code, response.json()) == (404, {"error": "Not found."}), number


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 2**64, -(2**63), "0", "9999999999999999999"])
def test_number_in_the_body_that_is_no_id_is_404(
    number: object, staff: User, sign_in: Callable[[User], APIClient]
) -> None:
    client = sign_in(staff)
    user = client.put(USER_AND_APP.path, {"user_id": number, "first_name": "Kim"}, format="json")
    assert (user.status_code, user.json()) == (404, {"error": "User with provided ID does not exist"})
    body = {"application_id": number, "state_name": "Goa"}
    application = client.put(USER_AND_APP.path, body, format="json")
    sentence = "Application with provided ID does not exist"
    assert (application.status_code, application.json()) == (404, {"error": sentence})


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("email", ["", "%20", "kim", "%00", "a%00@example.com", "%ED%A0%80@example.com", "%FF@example.com"]),
        (
            "limit",
            ["0", "-1", "1.5", "abc", "%D9%A1", "%EF%BC%91", "1e2", "%00", "9" * 20, "9" * 5000, "%FF"],
        ),
        ("before", ["0", "-1", "1.5", "abc", "%D9%A1", "%EF%BC%91", "1e2", "%00", "9" * 20, "9" * 5000]),
    ],
)
def test_hostile_query_is_a_400_that_names_its_field(
    field: str, values: list[str], at_the_door: AtTheDoor
) -> None:
    client = at_the_door(ACTIVITY)
    for value in values:
        query = "&".join(f"{k}={v}" for k, v in {"email": EMAIL, "limit": "5", field: value}.items())
        response = client.get(f"{ACTIVITY.path}?{query}")
        assert is_refusal_of(field, response, ACTIVITY), (value, response.content)


def test_largest_numbers_in_a_query_are_taken(at_the_door: AtTheDoor) -> None:
    client = at_the_door(ACTIVITY)
    for before in (2**31, 2**63 - 1, 2**63, 10**19 - 1):
        query = f"email={EMAIL}&limit={10**19 - 1}&before={before}"
        response = client.get(f"{ACTIVITY.path}?{query}")
        assert (response.status_code, len(response.json()["activity_logs"])) == (200, 1), before


def test_query_with_too_many_fields_is_a_400(at_the_door: AtTheDoor) -> None:
    response = at_the_door(ACTIVITY).get(f"{ACTIVITY.path}?{'a=1&' * 300}")
    assert (response.status_code, response.json()) == (400, {"error": "The request is malformed."})


def test_nothing_was_tested_with_a_wrong_id(kims_application: Application) -> None:
    assert (kims_application.pk, kims_application.owner_id, APPLICATION_UPDATE.is_open) == (ID, ID, False)
