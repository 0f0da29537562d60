"""The placeholder language of mails, and which text serves."""

import importlib
import re
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection

from userprofile.mechanisms import templates
from userprofile.mechanisms.templates import read_files, render, validate_template
from userprofile.models import EmailTemplates

NAMES = EmailTemplates.Name.values
CODES = ["password_reset_code", "email_validation_code"]
VALUES = {
    "first_name": "Asha",
    "email": "asha@example.com",
    "service_name": "Acme",
    "otp": "012345",
    "minutes": "10",
    "time": "22 November 2026, 14:05 (Europe/Berlin)",
    "ip_address": "203.0.113.9",
    "new_email": "asha.rao@example.com",
}
CONTRACT = {
    "password_reset_code": {"otp", "minutes"},
    "email_validation_code": {"otp", "minutes"},
    "password_changed": {"time", "ip_address"},
    "email_changed": {"time", "ip_address", "new_email"},
    "account_locked": {"time", "ip_address"},
    "account_unlocked": {"time", "ip_address"},
    "sessions_ended": {"time", "ip_address"},
}


def errors_of(**changes: str | None) -> dict[str, list[str]]:
    fields = {"name": "password_reset_code", "subject": "Code", "text": "{{ otp }}", "html": None, **changes}
    with pytest.raises(ValidationError) as caught:
        validate_template(**fields)  # type: ignore[arg-type]
    return caught.value.message_dict


def stored(name: str, **changes: object) -> None:
    """What raw SQL or `update` can leave in the table."""
    EmailTemplates.objects.filter(name=name).delete()
    EmailTemplates.objects.bulk_create(
        [EmailTemplates(**{"name": name, "subject": "Row", "text_body": "Row {{ otp }}", **changes})]
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_files_obey_their_own_language(name: str) -> None:
    subject, text, html = read_files(name)
    validate_template(name=name, subject=subject, text=text, html=html)
    assert len(subject) <= 150


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_lists_the_placeholders(name: str) -> None:
    everywhere = {"first_name", "email", "service_name"}
    assert templates.ALLOWED[name] == everywhere | CONTRACT[name]
    for allowed in sorted(templates.ALLOWED[name]):
        validate_template(
            name=name, subject=f"{{{{{allowed}}}}}", text="{{ otp }}" * (name in CODES), html=""
        )


@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_unknown_placeholder_is_refused_by_name(field: str) -> None:
    column = {"subject": "subject", "text": "text_body", "html": "html_body"}[field]
    choice = "email, first_name, minutes, otp, service_name"
    assert errors_of(**{field: "{{ otp }} {{ password }}"}) == {
        column: [f"Unknown placeholder {{{{ password }}}}; it may be one of: {choice}."]
    }


def test_placeholder_of_another_mail_is_refused() -> None:
    assert list(errors_of(name="password_changed", text="{{ otp }}")) == ["text_body"]
    assert list(errors_of(name="account_locked", text="{{ new_email }}")) == ["text_body"]


@pytest.mark.parametrize(
    "text",
    [
        "{% if otp %}",
        "{# note #}",
        "{{ first_name|upper }}",
        "{{ user.password }}",
        "{{ first_name",
        "first_name }}",
        "{{}}",
        "{{{ first_name }}}",
        "{{{ first_name }}",
        "{{ first_name }}}",
        "{{ first\nname }}",
        "{{ {{ first_name }} }}",
    ],
)
def test_nothing_else_of_a_template_language_is_understood(text: str) -> None:
    message = "Write placeholders as {{ name }}; other {{, }}, {% or {# are not understood."
    assert errors_of(text=f"{{{{ otp }}}} {text}") == {"text_body": [message]}


def test_placeholders_may_be_written_with_or_without_spaces() -> None:
    validate_template(
        name="password_reset_code", subject="{{otp}}", text="{{otp}}", html="a{color:red} {{\totp }}"
    )


@pytest.mark.parametrize("name", CODES)
def test_a_code_mail_needs_its_code_in_each_part(name: str) -> None:
    needs = ["This mail needs {{ otp }}."]
    assert errors_of(name=name, text="Hello") == {"text_body": needs}
    assert errors_of(name=name, text="") == {"text_body": needs}
    assert errors_of(name=name, html="<p>Hello</p>") == {"html_body": needs}


def test_a_code_mail_may_be_text_alone() -> None:
    validate_template(name="password_reset_code", subject="Code", text="{{ otp }}", html=None)
    validate_template(name="password_reset_code", subject="Code", text="{{ otp }}", html="")


@pytest.mark.parametrize("subject", ["a\nBcc: x@example.com", "a\rb"])
def test_a_subject_is_one_line(subject: str) -> None:
    assert errors_of(subject=subject) == {"subject": ["A subject is one line."]}


def test_size_and_control_characters_are_bounded() -> None:
    assert errors_of(text="{{ otp }}" + "x" * 20000) == {"text_body": ["At most 20000 characters."]}
    assert errors_of(html="{{ otp }}\x00") == {"html_body": ["Control characters are not allowed."]}
    assert errors_of(text="{{ otp }}\ud800") == {"text_body": ["Control characters are not allowed."]}


def test_unknown_name_is_refused() -> None:
    assert errors_of(name="newsletter") == {"name": ["No mail has this name."]}


@pytest.mark.django_db
def test_whoever_saves_a_bad_template_is_refused() -> None:
    row = EmailTemplates(name="password_reset_code", subject="Code", text_body="no code")
    with pytest.raises(ValidationError) as caught:
        row.save()
    assert caught.value.message_dict == {"text_body": ["This mail needs {{ otp }}."]}


@pytest.mark.django_db
def test_migration_fills_the_table_from_the_files_and_keeps_what_is_there() -> None:
    EmailTemplates.objects.all().delete()
    EmailTemplates.objects.create(name="account_locked", subject="Ours", text_body="Ours", is_enabled=False)
    migration = importlib.import_module("userprofile.migrations.0002_default_templates")
    migration.add_missing(apps, SimpleNamespace(connection=connection))
    rows = EmailTemplates.objects.values_list("name", "subject", "text_body", "html_body")
    expected = {(name, *read_files(name)) for name in NAMES if name != "account_locked"}
    assert set(rows) == expected | {("account_locked", "Ours", "Ours", "")}


@pytest.mark.django_db
def test_enabled_row_serves() -> None:
    stored("password_reset_code", subject="Hi {{ first_name }}", html_body="<b>{{ otp }}</b>")
    subject, text, html = render(name="password_reset_code", values=VALUES)
    assert (subject, text) == ("Hi Asha", "Row 012345")
    assert html is not None
    assert "<b>012345</b>" in html


@pytest.mark.django_db
def test_row_without_html_makes_a_text_mail() -> None:
    stored("password_reset_code", html_body=" ")
    assert render(name="password_reset_code", values=VALUES) == ("Row", "Row 012345", None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"is_enabled": False},
        {"text_body": "no code"},
        {"text_body": "{{ otp }} {{ secret }}"},
        {"subject": ""},
        {"subject": "a\nb"},
        {"html_body": "<p>{% include 'x' %}{{ otp }}</p>"},
    ],
)
def test_disabled_or_invalid_row_leaves_it_to_the_file(changes: dict[str, object]) -> None:
    stored("password_reset_code", **changes)
    subject, text, html = render(name="password_reset_code", values=VALUES)
    assert subject == "Acme: your code to reset your password"
    assert "\n    012345\n" in text
    assert html is not None


@pytest.mark.django_db
def test_missing_row_leaves_it_to_the_file() -> None:
    EmailTemplates.objects.all().delete()
    assert render(name="password_changed", values=VALUES)[0] == "Acme: your password was changed"


@pytest.mark.django_db
def test_values_are_escaped_in_html_alone() -> None:
    values = {**VALUES, "first_name": "<b>\"Tom\" & 'Co'</b>"}
    _, text, html = render(name="password_changed", values=values)
    assert html is not None
    assert "Hello <b>\"Tom\" & 'Co'</b>,\n" in text
    assert "<p>Hello &lt;b&gt;&quot;Tom&quot; &amp; &#x27;Co&#x27;&lt;/b&gt;,</p>" in html


@pytest.mark.django_db
def test_subject_is_escaped_in_the_layout() -> None:
    stored("password_reset_code", subject="<i> {{ first_name }}", html_body="{{ otp }}")
    _, _, html = render(name="password_reset_code", values={**VALUES, "first_name": "<u>"})
    assert html is not None
    assert "<title>&lt;i&gt; &lt;u&gt;</title>" in html


@pytest.mark.django_db
def test_placeholder_within_a_value_stays_text() -> None:
    values = {**VALUES, "first_name": "{{ otp }}"}
    _, text, html = render(name="password_reset_code", values=values)
    assert html is not None
    assert "Hello {{ otp }},\n" in text
    assert "<p>Hello {{ otp }},</p>" in html


@pytest.mark.django_db
@pytest.mark.parametrize(
    "breaking", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\u202e", "\x00", "\ud800"]
)
def test_value_cannot_break_a_line(breaking: str) -> None:
    stored("password_reset_code", subject="Hi {{ first_name }}", text_body="{{ first_name }}|{{ otp }}")
    values = {**VALUES, "first_name": f"Eve{breaking}Bcc: all@example.com"}
    subject, text, _ = render(name="password_reset_code", values=values)
    assert subject == "Hi Eve Bcc: all@example.com"
    assert text == "Eve Bcc: all@example.com|012345"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.django_db
def test_html_loads_nothing_from_anywhere_and_suits_phones_and_the_dark(name: str) -> None:
    _, _, html = render(name=name, values=VALUES)
    assert html is not None
    assert not re.search(r"https?:|src=|href=|url\(|@import|<img|<link|<script", html, re.IGNORECASE)
    assert 'name="viewport" content="width=device-width' in html
    assert 'name="color-scheme" content="light dark"' in html
    assert not re.search(r"[;\"\s](color|background(-color)?):", html)  # the reader's own colours
    assert "{{" not in html


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.django_db
def test_text_and_html_say_the_same(name: str) -> None:
    _, text, html = render(name=name, values=VALUES)
    assert html is not None
    body = html.partition("<body")[2].partition(">")[2]
    assert re.sub(r"<[^>]+>", " ", body).split() == text.split()


@pytest.mark.parametrize("name", CODES)
def test_code_mail_asks_nobody_to_click(name: str) -> None:
    assert not re.search(r"click|link", " ".join(read_files(name)), re.IGNORECASE)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(CODES)))
def test_notice_says_when_and_what_to_do(name: str) -> None:
    _, text, _ = read_files(name)
    assert "When: {{ time }}\n" in text
    assert "\nIf " in text
