"""Applications in the admin: the rules of the API, and no secret on any page."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from application.models import Application
from application.tests.conftest import make_user

pytestmark = pytest.mark.django_db

SECRET = "correct horse battery staple"


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def page(application: Application) -> str:
    return reverse("admin:application_application_change", args=[application.pk])


def form(owner: Any, **fields: Any) -> dict[str, Any]:
    texts = ("website", "logo_url", "application_about", "billing_name", "application_address", "state_name")
    others = ("application_mobileno", "application_pan_no", "application_gst_no", "secret_key")
    dates = ("license_start_date", "license_end_date", "default_status_id", "default_referrer_id")
    return {"owner": owner.pk, **dict.fromkeys((*texts, *others, *dates), ""), **fields}


def errors_of(response: Any) -> dict[str, list[str]]:
    return {name: [*messages] for name, messages in response.context["adminform"].errors.items()}


def test_application_needs_only_an_owner(admin: Client, owner: Any) -> None:
    response = admin.post(reverse("admin:application_application_add"), form(owner))
    assert response.status_code == 302
    assert Application.objects.get().owner == owner


def test_application_without_an_owner_is_refused(admin: Client, owner: Any) -> None:
    response = admin.post(reverse("admin:application_application_add"), {**form(owner), "owner": ""})
    assert errors_of(response) == {"owner": ["This field is required."]}


def test_values_are_kept_in_canonical_form(admin: Client, page: str, owner: Any) -> None:
    sent = {
        "application_pan_no": "aapfu0939f",
        "application_gst_no": "27aapfu0939f1zv",
        "application_mobileno": "+91 98765 43210",
        "application_address": "12 MG Road\r\nBengaluru",
        "default_status_id": "4",
        "is_ats": "on",
        "license_end_date": "2026-12-31",
    }
    assert admin.post(page, form(owner, **sent)).status_code == 302
    row = Application.objects.get()
    assert (row.application_pan_no, row.application_gst_no) == ("AAPFU0939F", "27AAPFU0939F1ZV")
    assert (row.application_mobileno, row.default_status_id, row.is_ats) == ("+919876543210", 4, True)
    assert row.application_address == "12 MG Road\r\nBengaluru"
    assert str(row.license_end_date) == "2026-12-31"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("application_pan_no", "AAPXU0939F", "Enter a valid PAN, such as ACUPA7085R."),
        ("application_gst_no", "27AAPFU0939F1ZO", "Enter a valid GSTIN, such as 27AAPFU0939F1ZV."),
        (
            "application_mobileno",
            "9876543210",
            "Enter an international telephone number, such as +91 98765 43210.",
        ),
        ("website", "javascript:1", "Enter a URL that starts with http:// or https://, without user-info."),
        ("billing_name", "a\x07b", "Control characters and broken Unicode are not allowed."),
        ("secret_key", "x" * 15, "Ensure this field has at least 16 characters."),
        ("secret_key", "x" * 257, "Ensure this field has no more than 256 characters."),
        ("default_status_id", "-1", "Ensure this value is greater than or equal to 0."),
    ],
)
def test_rules_of_the_api_hold_in_the_admin(
    name: str, value: str, message: str, admin: Client, page: str, owner: Any
) -> None:
    response = admin.post(page, form(owner, **{name: value}))
    assert errors_of(response) == {name: [message]}
    assert getattr(Application.objects.get(), name, None) in ("", None)


def test_licence_cannot_end_before_it_starts(admin: Client, page: str, owner: Any) -> None:
    dates = {"license_start_date": "2026-01-02", "license_end_date": "2026-01-01"}
    response = admin.post(page, form(owner, **dates))
    assert errors_of(response) == {"__all__": ["The licence cannot end before it starts."]}


def test_texts_that_are_all_broken_are_refused(admin: Client, page: str, owner: Any) -> None:
    texts = {name: "\x00" for name, value in form(owner).items() if value == ""}
    assert admin.post(page, form(owner, **texts)).status_code == 200


def test_odd_value_that_is_stored_bars_no_change(admin: Client, page: str, owner: Any) -> None:
    Application.objects.update(application_pan_no="NONE")
    assert admin.post(page, form(owner, application_pan_no="NONE", state_name="Goa")).status_code == 302
    row = Application.objects.get()
    assert (row.application_pan_no, row.state_name) == ("NONE", "Goa")


def test_new_secret_key_is_set_and_an_empty_one_keeps_it(admin: Client, page: str, owner: Any) -> None:
    admin.post(page, form(owner, secret_key=f" {SECRET} "))
    admin.post(page, form(owner, secret_key="", state_name="Goa"))
    row = Application.objects.get()
    assert row.check_secret_key(f" {SECRET} ")
    assert row.state_name == "Goa"


def test_secret_key_can_be_set_with_the_first_save(admin: Client, owner: Any) -> None:
    admin.post(reverse("admin:application_application_add"), form(owner, secret_key=SECRET))
    assert Application.objects.get().check_secret_key(SECRET)


def test_pages_say_when_the_secret_key_was_set_and_nothing_more(admin: Client, page: str, owner: Any) -> None:
    assert b"not set" in admin.get(page).content
    admin.post(page, form(owner, secret_key=SECRET))
    row = Application.objects.get()
    rejected = admin.post(page, form(owner, secret_key=SECRET, website="x")).content.decode()
    history = admin.get(reverse("admin:application_application_history", args=[row.pk])).content.decode()
    listing = admin.get(reverse("admin:application_application_changelist")).content.decode()
    shown = admin.get(page).content.decode()
    assert f"set on {row.secret_key_set_at:%Y-%m-%d}" in shown
    for html in (shown, rejected, history, listing):
        assert SECRET not in html
        assert row.secret_key_hash not in html
    assert all(SECRET not in entry.change_message for entry in LogEntry.objects.all())


@pytest.mark.parametrize("lookup", ["secret_key_hash", "secret_key_hash__startswith"])
def test_secret_key_is_no_column_to_filter_by(lookup: str, admin: Client, application: Application) -> None:
    changelist = reverse("admin:application_application_changelist")
    assert admin.get(changelist, {lookup: "argon2"}).status_code == 400
    assert admin.get(changelist, {"state_name__exact": "Kerala"}).status_code == 200


@pytest.mark.parametrize(
    "word", ["acme", "example.org", "AAPFU0939F", "27AAPFU0939F1ZV", "owner@example.com"]
)
def test_applications_are_found_by(word: str, admin: Client, application: Application) -> None:
    Application.objects.update(
        billing_name="Acme",
        website="https://example.org",
        application_pan_no="AAPFU0939F",
        application_gst_no="27AAPFU0939F1ZV",
    )
    changelist = reverse("admin:application_application_changelist")
    found = admin.get(changelist, {"q": word}).context["cl"].queryset
    assert [row.pk for row in found] == [application.pk]
    assert not admin.get(changelist, {"q": "nobody"}).context["cl"].queryset


def test_list_reads_owners_with_the_rows(
    admin: Client, owner: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        Application.objects.create(owner=owner)
    with django_assert_max_num_queries(8):
        admin.get(reverse("admin:application_application_changelist"))
