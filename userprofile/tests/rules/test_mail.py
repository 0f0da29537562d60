"""What a mail says: the values behind its placeholders, and its headers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from userprofile.clock import now
from userprofile.mechanisms import mail, otp, outbox
from userprofile.models import EmailsLogs, EmailTemplates, User

AT = datetime(2026, 11, 22, 13, 5, tzinfo=UTC)


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("asha@example.com", password=None, first_name="Asha", timezone="Europe/Berlin")


def notice(user: User, *, template: str = "password_changed", **context: Any) -> EmailsLogs:
    row: EmailsLogs = outbox.queue_notice(
        user=user, template=template, at=AT, **{"ip_address": "203.0.113.9", **context}
    )
    return row


def test_notice_has_every_value(user: User, settings: Settings) -> None:
    row = notice(user, template="email_changed", new_email="new@example.com")
    assert mail.values_of(row) == {
        "first_name": "Asha",
        "email": "asha@example.com",
        "service_name": settings.SERVICE_NAME,
        "otp": "",
        "minutes": "10",
        "time": "22 November 2026, 14:05 (Europe/Berlin)",
        "ip_address": "203.0.113.9",
        "new_email": "new@example.com",
    }


def test_code_mail_carries_the_code_and_its_minutes(user: User) -> None:
    row = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=AT)
    message = mail.compose(row)
    assert f"\n    {otp.digits(row)}\n" in message.body
    assert "expires 10 min after it was requested" in message.body
    ((html, mimetype),) = message.alternatives
    assert mimetype == "text/html"
    assert f">{otp.digits(row)}</p>" in str(html)


@pytest.mark.parametrize(("seconds", "minutes"), [(1, "1"), (59, "1"), (119, "1"), (120, "2"), (3600, "60")])
def test_minutes_are_whole_and_at_least_one(
    user: User, settings: Settings, seconds: int, minutes: str
) -> None:
    settings.OTP_LIFETIME = timedelta(seconds=seconds)
    row = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=AT)
    assert mail.values_of(row)["minutes"] == minutes


@pytest.mark.parametrize(
    ("chosen", "wording"),
    [
        ("Europe/Berlin", "22 November 2026, 14:05 (Europe/Berlin)"),
        ("Asia/Kolkata", "22 November 2026, 18:35 (Asia/Kolkata)"),
        ("Pacific/Kiritimati", "23 November 2026, 03:05 (Pacific/Kiritimati)"),
        ("", "22 November 2026, 08:05 (America/New_York)"),
        ("Mars/Olympus", "22 November 2026, 08:05 (America/New_York)"),
    ],
)
def test_time_is_the_users_own_or_the_services(
    user: User, settings: Settings, chosen: str, wording: str
) -> None:
    settings.TIME_ZONE = "America/New_York"
    user.timezone = chosen
    assert mail.values_of(notice(user))["time"] == wording


def test_time_is_given_in_summer_time_when_it_is_summer(user: User) -> None:
    row = outbox.queue_notice(
        user=user, template="password_changed", at=datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    )
    assert mail.values_of(row)["time"] == "1 July 2026, 14:00 (Europe/Berlin)"


def test_unknown_values_are_worded(user: User) -> None:
    user.first_name = "  "
    message = mail.compose(notice(user, ip_address=None))
    assert message.body.startswith("Hello there,\n")
    assert "\nFrom: an unknown address\n" in message.body


@pytest.mark.parametrize("name", ["Win at https://evil.example", "www.evil", "evil.example wants you"])
def test_name_that_looks_like_a_link_is_not_mailed(user: User, name: str) -> None:
    user.first_name = name
    assert mail.values_of(notice(user))["first_name"] == "there"


@pytest.mark.parametrize("name", ["Jean-Luc", "J. R. R.", "O'Neill", "आशा", "<script>alert(1)</script>"])
def test_other_names_are_greeted(user: User, name: str) -> None:
    user.first_name = name
    assert mail.values_of(notice(user))["first_name"] == name


def test_mail_names_its_id_and_asks_for_no_automatic_answer(user: User, settings: Settings) -> None:
    row = notice(user)
    message = mail.compose(row)
    sent = message.message()
    assert sent["Message-ID"] == row.message_id
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["X-Auto-Response-Suppress"] == "All"
    assert (sent["To"], sent["From"]) == ("asha@example.com", settings.DEFAULT_FROM_EMAIL)
    assert (message.cc, message.bcc, message.reply_to) == ([], [], [])


def test_line_breaks_in_a_name_or_address_add_no_header(user: User) -> None:
    texts = {"subject": "{{ first_name }} {{ new_email }}", "text_body": "{{ first_name }}"}
    EmailTemplates.objects.update_or_create(name="email_changed", defaults=texts)
    user.first_name = "Eve\r\nBcc: all"
    row = notice(user, template="email_changed", new_email="new@example.com\nX-Evil: 1")
    sent = mail.compose(row).message()
    assert (sent["Bcc"], sent["X-Evil"]) == (None, None)
    assert sent["Subject"] == "Eve Bcc: all new@example.com X-Evil: 1"
    assert mail.compose(row).body == "Eve Bcc: all"


def test_row_without_html_sends_text_alone(user: User) -> None:
    texts = {"subject": "Changed", "text_body": "Changed.", "html_body": ""}
    EmailTemplates.objects.update_or_create(name="password_changed", defaults=texts)
    message = mail.compose(notice(user))
    assert (message.body, message.alternatives) == ("Changed.", [])


def test_code_of_an_unknown_key_cannot_be_composed(user: User, settings: Settings) -> None:
    row = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    settings.SECRET_KEY = "another-key-that-did-not-make-the-code"
    with pytest.raises(otp.UnknownKey):
        mail.compose(row)
