"""The texts of mails in the admin: what a mail could not be made from is an error of the form."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from userprofile.mechanisms.templates import ALLOWED, read_files
from userprofile.models import EmailTemplates
from userprofile.tests.admin.conftest import Filled, errors_of

TEMPLATES = "/admin/userprofile/emailtemplates/"
FOR_CODES = "email, first_name, minutes, otp, service_name"


@pytest.fixture
def template(db: None) -> EmailTemplates:
    return EmailTemplates.objects.get(name="password_reset_code")


@pytest.fixture
def page(template: EmailTemplates) -> str:
    return f"{TEMPLATES}{template.pk}/change/"


def test_text_is_changed(by_root: Client, template: EmailTemplates, page: str, filled: Filled) -> None:
    form = filled(by_root, page, subject="Code for {{ email }}", text_body="{{ otp }}\n", html_body="")
    assert by_root.post(page, form).status_code == 302
    template.refresh_from_db()
    assert (template.subject, template.text_body, template.html_body) == (
        "Code for {{ email }}",
        "{{ otp }}",
        "",
    )


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("text_body", "No code.", "This mail needs {{ otp }}."),
        ("html_body", "<p>No code.</p>", "This mail needs {{ otp }}."),
        (
            "text_body",
            "{{ otp }} {{ password }}",
            f"Unknown placeholder {{{{ password }}}}; it may be one of: {FOR_CODES}.",
        ),
        (
            "html_body",
            "{{ otp }} {% include 'x' %}",
            "Write placeholders as {{ name }}; other {{, }}, {% or {# are not understood.",
        ),
        (
            "subject",
            "{{ ip_address }}",
            f"Unknown placeholder {{{{ ip_address }}}}; it may be one of: {FOR_CODES}.",
        ),
        ("subject", "", "This field is required."),
    ],
)
def test_text_that_no_mail_can_be_made_from_is_an_error_of_its_field(
    column: str, text: str, message: str, by_root: Client, template: EmailTemplates, page: str, filled: Filled
) -> None:
    before = EmailTemplates.objects.filter(pk=template.pk).values().get()
    response = by_root.post(page, filled(by_root, page, **{column: text}))
    assert message in errors_of(response)[column]
    assert EmailTemplates.objects.filter(pk=template.pk).values().get() == before


def test_placeholders_are_named(by_root: Client, page: str) -> None:
    shown = "{{ otp }} (needed), {{ email }}, {{ first_name }}, {{ minutes }}, {{ service_name }}"
    assert shown in by_root.get(page).content.decode()
    new = by_root.get(f"{TEMPLATES}add/").content.decode()
    assert all(f"{name}: " in new for name in ALLOWED)


def test_name_stays(by_root: Client, template: EmailTemplates, page: str, filled: Filled) -> None:
    by_root.post(page, filled(by_root, page, name="account_locked"))
    template.refresh_from_db()
    assert template.name == "password_reset_code"


def test_deleted_template_can_be_added_again(by_root: Client, template: EmailTemplates) -> None:
    by_root.post(f"{TEMPLATES}{template.pk}/delete/", {"post": "yes"})
    form = {"name": template.name, "subject": "Code", "text_body": "{{ otp }}", "is_enabled": "on"}
    assert by_root.post(f"{TEMPLATES}add/", form).status_code == 302
    assert errors_of(by_root.post(f"{TEMPLATES}add/", form)) == {
        "name": ["E-mail template with this Name already exists."]
    }


def test_text_in_many_scripts_fits_into_a_request(by_root: Client, page: str, filled: Filled) -> None:
    text = "{{ otp }} " + "कोड " * 3000
    assert b'enctype="multipart/form-data"' in by_root.get(page).content
    assert by_root.post(page, filled(by_root, page, text_body=text)).status_code == 302


class TestPreview:
    @pytest.mark.parametrize("name", EmailTemplates.Name.values)
    def test_each_mail_is_shown_with_sample_values(self, name: str, by_root: Client) -> None:
        template = EmailTemplates.objects.get(name=name)
        shown = by_root.get(f"{TEMPLATES}{template.pk}/preview/")
        assert shown["Content-Type"] == "text/html; charset=utf-8"
        assert "Hello Kim" in shown.content.decode()
        assert "{{" not in shown.content.decode()
        text = by_root.get(f"{TEMPLATES}{template.pk}/preview/?part=text")
        assert text["Content-Type"] == "text/plain; charset=utf-8"
        assert text.content.decode().startswith("Subject: ")

    def test_page_has_an_origin_of_its_own_and_runs_no_script(
        self, by_root: Client, template: EmailTemplates
    ) -> None:
        policy = by_root.get(f"{TEMPLATES}{template.pk}/preview/")["Content-Security-Policy"]
        assert policy == "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

    def test_disabled_template_shows_what_is_sent_instead(
        self, by_root: Client, template: EmailTemplates, settings: LazySettings
    ) -> None:
        EmailTemplates.objects.filter(pk=template.pk).update(is_enabled=False, subject="Never sent")
        text = by_root.get(f"{TEMPLATES}{template.pk}/preview/?part=text").content.decode()
        subject = read_files(template.name)[0].replace("{{ service_name }}", settings.SERVICE_NAME)
        assert text.startswith(f"Subject: {subject}\n")

    def test_mail_without_html_is_shown_as_text(self, by_root: Client, template: EmailTemplates) -> None:
        EmailTemplates.objects.filter(pk=template.pk).update(html_body="")
        shown: Any = by_root.get(f"{TEMPLATES}{template.pk}/preview/")
        assert shown["Content-Type"] == "text/plain; charset=utf-8"

    def test_unknown_template(self, by_root: Client) -> None:
        assert by_root.get(f"{TEMPLATES}999999/preview/").status_code == 404

    def test_needs_the_permission_to_view(
        self, cookies: Client, staff: Any, template: EmailTemplates
    ) -> None:
        path = f"{TEMPLATES}{template.pk}/preview/"
        assert cookies.get(path).status_code == 302
        cookies.force_login(staff)
        assert cookies.get(path).status_code == 403
