"""/application/Application_update/<id>/: who may, what may be sent, what comes back."""

import json
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from application.models import Application

pytestmark = pytest.mark.django_db

PATH = "/application/Application_update/7/"
UPDATED = {"message": "Application details updated successfully"}
UNKNOWN = {"error": "Application with provided ID does not exist"}
EMPTY = {
    "id": 7,
    "application_address": "",
    "is_ats": False,
    "application_mobileno": "",
    "license_start_date": None,
    "license_end_date": None,
    "website": "",
    "application_pan_no": "",
    "application_gst_no": "",
    "default_status_id": None,
    "default_referrer_id": None,
    "state_name": "",
    "logo_url": "",
    "application_about": "",
    "billing_name": "",
}
FULL = {
    "application_address": "12 MG Road\nBengaluru",
    "is_ats": True,
    "application_mobileno": "+919876543210",
    "license_start_date": "2026-01-01",
    "license_end_date": "2026-12-31",
    "website": "https://example.com",
    "application_pan_no": "AAPFU0939F",
    "application_gst_no": "27AAPFU0939F1ZV",
    "default_status_id": 0,
    "default_referrer_id": 9223372036854775807,
    "state_name": "Karnataka",
    "logo_url": "https://example.com/logo.png",
    "application_about": "Tracks applicants.",
    "billing_name": "Example Private Limited",
}
SECRET = "correct horse battery staple"
METHODS = ["put", "patch", "post"]
TEXTS = [name for name, value in FULL.items() if isinstance(value, str) and "date" not in name]
NOT_TEXTS = [name for name in FULL if name not in TEXTS]


def refused(name: str, *messages: str) -> dict[str, Any]:
    return {"error": "Invalid input.", "details": {name: list(messages)}}


def test_reverse_name_is_the_seeds() -> None:
    assert reverse("Update_Application_Details", args=[7]) == PATH


def test_application_with_nothing_but_an_owner_is_shown_empty(
    application: Application, by_owner: APIClient
) -> None:
    response = by_owner.get(PATH)
    assert (response.status_code, response.json()) == (200, EMPTY)


@pytest.mark.parametrize("method", METHODS)
def test_staff_updates_every_field(method: str, application: Application, by_staff: APIClient) -> None:
    response = getattr(by_staff, method)(PATH, {**FULL, "secret_key": SECRET}, format="json")
    assert (response.status_code, response.json()) == (200, UPDATED)
    assert by_staff.get(PATH).json() == {"id": 7, **FULL}


@pytest.mark.parametrize("method", METHODS)
def test_path_without_trailing_slash_keeps_the_body(
    method: str, application: Application, by_owner: APIClient
) -> None:
    path = "/application/Application_update/7"
    response = getattr(by_owner, method)(path, {"billing_name": "Acme"}, format="json")
    assert (response.status_code, response.json()) == (200, UPDATED)
    assert by_owner.get(path).json() == {**EMPTY, "billing_name": "Acme"}


@pytest.mark.parametrize("method", METHODS)
def test_fields_that_are_not_sent_stay_as_they_are(
    method: str, application: Application, by_owner: APIClient
) -> None:
    Application.objects.update(state_name="Kerala", website="https://example.com")
    response = getattr(by_owner, method)(PATH, {"website": "https://example.org"}, format="json")
    assert (response.status_code, response.json()) == (200, UPDATED)
    assert by_owner.get(PATH).json() == {**EMPTY, "state_name": "Kerala", "website": "https://example.org"}


@pytest.mark.parametrize("form", [None, "multipart"])
def test_forms_are_read_as_well(form: str | None, application: Application, by_staff: APIClient) -> None:
    Application.objects.update(license_start_date=date(2025, 1, 1), default_referrer_id=3)
    fields = {
        "is_ats": "true",
        "default_status_id": "12",
        "billing_name": " Acme ",
        "default_referrer_id": "",
    }
    sent = {**fields, "license_start_date": ""}
    if form is None:
        body = "is_ats=true&default_status_id=12&billing_name=+Acme+&default_referrer_id=&license_start_date="
        response = by_staff.post(PATH, body, content_type="application/x-www-form-urlencoded")
    else:
        response = by_staff.post(PATH, sent, format=form)
    assert (response.status_code, response.json()) == (200, UPDATED)
    expected = {**EMPTY, "is_ats": True, "default_status_id": 12, "billing_name": "Acme"}
    assert by_staff.get(PATH).json() == expected


@pytest.mark.parametrize("empty", [None, ""])
def test_every_field_may_be_emptied(empty: str | None, application: Application, by_staff: APIClient) -> None:
    by_staff.put(PATH, {**FULL, "secret_key": SECRET}, format="json")
    body = dict.fromkeys([*FULL, "secret_key"], empty)
    response = by_staff.put(PATH, body, format="json")
    assert (response.status_code, response.json()) == (200, UPDATED)
    assert by_staff.get(PATH).json() == EMPTY
    application.refresh_from_db()
    assert (application.secret_key_hash, application.secret_key_set_at) == ("", None)


# --- Who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", *METHODS])
def test_without_a_token_the_answer_is_401(method: str, application: Application) -> None:
    response = getattr(APIClient(), method)(PATH, {"billing_name": "Mine"} if method != "get" else None)
    assert response.status_code == 401
    assert response.json() == {"detail": "Authentication credentials were not provided."}


@pytest.mark.parametrize("method", ["get", *METHODS])
@pytest.mark.parametrize("application_id", ["8", "0", "9223372036854775808", "9" * 60])
def test_unknown_id_is_not_found(
    method: str, application_id: str, application: Application, by_staff: APIClient
) -> None:
    response = getattr(by_staff, method)(f"/application/Application_update/{application_id}/")
    assert (response.status_code, response.json()) == (404, UNKNOWN)


@pytest.mark.parametrize("method", ["get", *METHODS])
def test_application_of_another_owner_answers_like_an_unknown_id(
    method: str, application: Application, by_stranger: APIClient
) -> None:
    own, unknown = (getattr(by_stranger, method)(PATH.replace("7", i)) for i in ("7", "8"))
    assert (own.status_code, own.json()) == (404, UNKNOWN)
    assert own.content == unknown.content
    for response in (own, unknown):
        response.headers.pop("X-Request-ID", None)  # each request has one of its own
    assert own.headers == unknown.headers


def test_stranger_changes_nothing(application: Application, by_stranger: APIClient) -> None:
    by_stranger.put(PATH, {"billing_name": "Mine"}, format="json")
    application.refresh_from_db()
    assert application.billing_name == ""


def test_problem_details_have_a_stable_code(application: Application, by_stranger: APIClient) -> None:
    response = by_stranger.get(PATH, headers={"accept": "application/problem+json"})
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Application with provided ID does not exist",
        "code": "application_not_found",
    }


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("is_ats", True, False),
        ("license_start_date", "2026-06-01", date(2026, 1, 1)),
        ("license_end_date", "2030-01-01", date(2026, 12, 31)),
        ("license_end_date", "2020-01-01", date(2026, 12, 31)),  # before the start, and ignored all the same
    ],
)
def test_licence_dates_and_is_ats_are_ignored_from_the_owner(
    name: str, value: Any, kept: Any, application: Application, by_owner: APIClient
) -> None:
    Application.objects.update(license_start_date=date(2026, 1, 1), license_end_date=date(2026, 12, 31))
    response = by_owner.put(PATH, {name: value, "billing_name": "Acme"}, format="json")
    assert (response.status_code, response.json()) == (200, UPDATED)
    application.refresh_from_db()
    assert (getattr(application, name), application.billing_name) == (kept, "Acme")


# --- What may be sent ---------------------------------------------------------------------------


def test_what_get_gives_may_be_sent_back_whole(application: Application, by_owner: APIClient) -> None:
    odd = {
        "application_mobileno": "080-123",
        "website": "example dot com",
        "application_pan_no": "NONE",
        "application_gst_no": "PENDING",
        "billing_name": " spaced\x7f ",
        "state_name": " ",
    }
    Application.objects.update(**odd)
    body = by_owner.get(PATH).json()
    assert body == {**EMPTY, **odd}
    response = by_owner.put(PATH, body, format="json")
    assert (response.status_code, response.json()) == (200, UPDATED)
    assert by_owner.get(PATH).json() == {**EMPTY, **odd}


@pytest.mark.parametrize(
    "body", [{}, {"id": 7}, {"owner": 1, "secret_key_hash": "x", "secret_key_set_at": None, "colour": "red"}]
)
@pytest.mark.parametrize("method", METHODS)
def test_body_with_none_of_the_fields_is_refused(
    method: str, body: dict[str, Any], application: Application, by_owner: APIClient
) -> None:
    response = getattr(by_owner, method)(PATH, body, format="json")
    names = [*EMPTY][1:]
    names.insert(names.index("state_name"), "secret_key")
    expected = refused("non_field_errors", f"Send at least one of: {', '.join(names)}.")
    assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.parametrize("body", [None, [], [{"billing_name": "Acme"}], "billing_name", 7, True])
def test_body_that_is_no_object_is_refused(body: Any, application: Application, by_owner: APIClient) -> None:
    response = by_owner.generic("PUT", PATH, json.dumps(body), "application/json")
    assert response.status_code == 400
    assert response.json() == refused("non_field_errors", "Send an object with the fields to update.")


def test_unknown_and_read_only_fields_are_ignored(
    application: Application, owner: Any, stranger: Any, by_owner: APIClient
) -> None:
    body = {"id": 99, "owner": stranger.pk, "owner_id": stranger.pk, "secret_key_hash": "x", "colour": []}
    response = by_owner.put(PATH, {**body, "billing_name": "Acme"}, format="json")
    assert (response.status_code, response.json()) == (200, UPDATED)
    application.refresh_from_db()
    assert (application.owner_id, application.secret_key_hash) == (owner.pk, "")
    assert by_owner.get(PATH).json() == {**EMPTY, "billing_name": "Acme"}


@pytest.mark.parametrize("name", [*TEXTS, "secret_key"])
@pytest.mark.parametrize("value", [1, 1.5, True, False, [], ["x"], {}, {"x": 1}])
def test_text_of_another_json_type_is_refused(
    name: str, value: Any, application: Application, by_staff: APIClient
) -> None:
    response = by_staff.put(PATH, {name: value}, format="json")
    assert (response.status_code, response.json()) == (400, refused(name, "Not a valid string."))


def test_uploaded_file_is_no_text(application: Application, by_owner: APIClient) -> None:
    response = by_owner.post(PATH, {"billing_name": SimpleUploadedFile("a.txt", b"Acme")}, format="multipart")
    assert (response.status_code, response.json()) == (400, refused("billing_name", "Not a valid string."))


@pytest.mark.parametrize("name", NOT_TEXTS)
@pytest.mark.parametrize("value", [1.5, [], ["x"], {}, {"x": 1}, "maybe", "null", "x" * 5000, 10**30, -1])
def test_other_field_of_another_json_type_is_refused(
    name: str, value: Any, application: Application, by_staff: APIClient
) -> None:
    response = by_staff.put(PATH, {name: value}, format="json")
    assert (response.status_code, [*response.json()["details"]]) == (400, [name])


@pytest.mark.parametrize("stored", [0, 1])
def test_true_is_no_number_even_where_the_number_is_stored(
    stored: int, application: Application, by_staff: APIClient
) -> None:
    Application.objects.update(default_status_id=stored, is_ats=bool(stored))
    ids = by_staff.put(PATH, {"default_status_id": bool(stored)}, format="json")
    flag = by_staff.put(PATH, {"is_ats": stored}, format="json")
    assert ids.json() == refused("default_status_id", "A valid integer is required.")
    assert flag.json() == refused("is_ats", "Must be a valid boolean.")


@pytest.mark.parametrize(
    "value",
    [
        "2026-1-2",
        "20260102",
        "2026-W01-1",
        "02/01/2026",
        "２０２６-01-02",
        "2026-02-30",
        "2026-01-02T00:00:00Z",
    ],
)
@pytest.mark.parametrize("name", ["license_start_date", "license_end_date"])
def test_date_is_written_in_one_way(
    name: str, value: str, application: Application, by_staff: APIClient
) -> None:
    response = by_staff.put(PATH, {name: value}, format="json")
    assert (response.status_code, response.json()) == (400, refused(name, "Write a date as YYYY-MM-DD."))


@pytest.mark.parametrize("name", ["default_status_id", "default_referrer_id"])
@pytest.mark.parametrize("value", [9223372036854775808, 10**40, "١٢", "１２", "1_000", "0x10", "1e3"])
def test_id_outside_the_column_or_in_other_digits_is_refused(
    name: str, value: Any, application: Application, by_owner: APIClient
) -> None:
    response = by_owner.put(PATH, {name: value}, format="json")
    assert (response.status_code, [*response.json()["details"]]) == (400, [name])


@pytest.mark.parametrize("name", ["default_status_id", "default_referrer_id"])
def test_negative_id_is_refused(name: str, application: Application, by_owner: APIClient) -> None:
    response = by_owner.put(PATH, {name: -1}, format="json")
    message = "Ensure this value is greater than or equal to 0."
    assert (response.status_code, response.json()) == (400, refused(name, message))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", ["a\x00b", "a\x07b", "a\x85b", "\ud800"])
def test_control_characters_are_refused(
    name: str, value: str, application: Application, by_owner: APIClient
) -> None:
    response = by_owner.put(PATH, json.dumps({name: value}), content_type="application/json")
    message = "Control characters and broken Unicode are not allowed."
    assert (response.status_code, response.json()) == (400, refused(name, message))


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("application_address", "x" * 1000),
        ("website", "https://example.com/" + "x" * 480),
        ("logo_url", "https://example.com/" + "x" * 480),
        ("state_name", "x" * 100),
        ("application_about", "x" * 5000),
        ("billing_name", "x" * 200),
    ],
)
def test_text_fills_its_column_and_no_more(
    name: str, longest: str, application: Application, by_owner: APIClient
) -> None:
    assert by_owner.put(PATH, {name: longest}, format="json").json() == UPDATED
    response = by_owner.put(PATH, {name: longest + "x"}, format="json")
    message = f"Ensure this field has no more than {len(longest)} characters."
    assert (response.status_code, response.json()) == (400, refused(name, message))
    assert by_owner.get(PATH).json() == {**EMPTY, name: longest}


@pytest.mark.parametrize("value", ["+91 98765 43210", "+91-98765-43210", " +91 (98765) 43210 "])
def test_mobile_number_is_kept_in_e164(value: str, application: Application, by_owner: APIClient) -> None:
    assert by_owner.put(PATH, {"application_mobileno": value}, format="json").json() == UPDATED
    assert by_owner.get(PATH).json() == {**EMPTY, "application_mobileno": "+919876543210"}


@pytest.mark.parametrize(
    "value",
    [
        "9876543210",
        "00919876543210",
        "+91 12345",
        "+91 00000 00000",  # as long as one, in a range that is not given out
        "+999 98765 43210",
        "+1800FLOWERS",
        "+९१९८७६५४३२१०",
        "＋919876543210",
        "+919876543210 ext. 5",
        "+" + "9" * 300,
        "+",
    ],
)
def test_mobile_number_that_nobody_can_have_is_refused(
    value: str, application: Application, by_owner: APIClient
) -> None:
    response = by_owner.put(PATH, {"application_mobileno": value}, format="json")
    message = "Enter an international telephone number, such as +91 98765 43210."
    assert (response.status_code, response.json()) == (400, refused("application_mobileno", message))


@pytest.mark.parametrize("name", ["website", "logo_url"])
@pytest.mark.parametrize(
    "value",
    ["example.com", "ftp://example.com", "javascript:alert(1)", "https://user:word@example.com", "https://"],
)
def test_url_is_http_without_user_info(
    name: str, value: str, application: Application, by_owner: APIClient
) -> None:
    response = by_owner.put(PATH, {name: value}, format="json")
    message = "Enter a URL that starts with http:// or https://, without user-info."
    assert (response.status_code, response.json()) == (400, refused(name, message))


def test_pan_and_gstin_are_kept_in_canonical_form(application: Application, by_owner: APIClient) -> None:
    body = {"application_pan_no": " aapfu-0939f ", "application_gst_no": "27 aapfu0939f 1zv"}
    assert by_owner.put(PATH, body, format="json").json() == UPDATED
    canonical = {"application_pan_no": "AAPFU0939F", "application_gst_no": "27AAPFU0939F1ZV"}
    assert by_owner.get(PATH).json() == {**EMPTY, **canonical}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("application_pan_no", "AAPXU0939F", "Enter a valid PAN, such as ACUPA7085R."),
        ("application_gst_no", "27AAPFU0939F1ZO", "Enter a valid GSTIN, such as 27AAPFU0939F1ZV."),
    ],
)
def test_pan_and_gstin_are_checked(
    name: str, value: str, message: str, application: Application, by_owner: APIClient
) -> None:
    response = by_owner.put(PATH, {name: value}, format="json")
    assert (response.status_code, response.json()) == (400, refused(name, message))


@pytest.mark.parametrize(
    "sent",
    [
        {"license_start_date": "2026-12-31", "license_end_date": "2026-12-30"},
        {"license_end_date": "2025-12-31"},
        {"license_start_date": "2027-01-01"},
    ],
)
def test_licence_cannot_end_before_it_starts(
    sent: dict[str, str], application: Application, by_staff: APIClient
) -> None:
    stored = {"license_start_date": "2026-01-01", "license_end_date": "2026-12-31"}
    Application.objects.update(**stored)
    response = by_staff.patch(PATH, {**sent, "billing_name": "Acme"}, format="json")
    message = "The licence cannot end before it starts."
    assert (response.status_code, response.json()) == (400, refused("license_end_date", message))
    assert by_staff.get(PATH).json() == {**EMPTY, **stored}


def test_licence_may_end_on_the_day_it_starts(application: Application, by_staff: APIClient) -> None:
    day = {"license_start_date": "2026-01-01", "license_end_date": "2026-01-01"}
    assert by_staff.put(PATH, day, format="json").json() == UPDATED


def test_one_bad_field_leaves_all_as_they_were(application: Application, by_owner: APIClient) -> None:
    response = by_owner.put(PATH, {"billing_name": "Acme", "website": "x"}, format="json")
    assert response.status_code == 400
    assert by_owner.get(PATH).json() == EMPTY


# --- The secret key -----------------------------------------------------------------------------


@pytest.mark.parametrize("raw", ["x" * 16, "x" * 256, " padded with spaces ", "पासवर्ड पासवर्ड पासवर्ड"])
def test_secret_key_is_kept_as_typed_and_never_shown(
    raw: str, application: Application, by_owner: APIClient
) -> None:
    assert by_owner.put(PATH, {"secret_key": raw}, format="json").json() == UPDATED
    assert by_owner.get(PATH).json() == EMPTY
    application.refresh_from_db()
    assert application.check_secret_key(raw)
    assert not application.check_secret_key(raw.strip() + "x")
    assert raw not in application.secret_key_hash


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("x" * 15, "Ensure this field has at least 16 characters."),
        (" " * 15, "Ensure this field has at least 16 characters."),
        ("x" * 257, "Ensure this field has no more than 256 characters."),
        ("x" * 16 + "\n", "Control characters and broken Unicode are not allowed."),
    ],
)
def test_secret_key_has_16_to_256_printable_characters(
    raw: str, message: str, application: Application, by_owner: APIClient
) -> None:
    response = by_owner.put(PATH, {"secret_key": raw}, format="json")
    assert (response.status_code, response.json()) == (400, refused("secret_key", message))


# --- HTTP ---------------------------------------------------------------------------------------


def test_delete_is_not_allowed(application: Application, by_owner: APIClient) -> None:
    response = by_owner.delete(PATH)
    assert (response.status_code, response.json()) == (405, {"error": 'Method "DELETE" not allowed.'})
    assert set(response.headers["Allow"].split(", ")) >= {"GET", "PUT", "PATCH", "POST"}


def test_update_takes_two_statements(
    application: Application, by_owner: APIClient, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):  # the savepoint and its release among them
        by_owner.put(PATH, {"billing_name": "Acme"}, format="json")
