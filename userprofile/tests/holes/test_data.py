"""Holes 2, 9, 10 and 13: what belongs to others, secrets that are kept, and text that becomes code."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from application.models import Application
from userprofile.journeys import password_reset
from userprofile.mechanisms import delivery, templates
from userprofile.models import EmailTemplates, User
from userprofile.tests.conftest import PASSWORD

ACTIVITY, USER_AND_APP = "/userprofile/user-activity/", "/userprofile/User&App/"
SECRET_KEY = "sixteen-characters-or-more"


def test_02_nobody_changes_or_reads_another_by_id(
    make_user: Callable[..., User], sign_in: Callable[..., APIClient], api: APIClient, staff: User
) -> None:
    owner, stranger = make_user("owner@example.com", first_name="Olga"), make_user()
    root = make_user("root@example.com", is_staff=True, is_superuser=True, first_name="Rut")
    application = Application.objects.create(owner=owner, billing_name="Olga")
    before = [*User.objects.order_by("id").values()], [*Application.objects.values()]
    attacks = [
        (f"/userprofile/User_update/{owner.pk}/", {"first_name": "Mallory"}),
        (f"/application/Application_update/{application.pk}/", {"billing_name": "Mallory"}),
        (USER_AND_APP, {"user_id": owner.pk, "first_name": "Mallory"}),
        (USER_AND_APP, {"application_id": application.pk, "billing_name": "Mallory"}),
    ]
    unknown = re.compile(r'\{"error":"(User|Application) with provided ID does not exist"\}')
    for client, status in ((sign_in(stranger), 404), (api, 401)):
        for path, body in attacks:
            answers = [client.put(path, body), *([client.get(path)] if path != USER_AND_APP else [])]
            assert {answer.status_code for answer in answers} == {status}, path
            assert status == 401 or all(unknown.fullmatch(answer.content.decode()) for answer in answers)
    # A member of staff does not become the superuser either.
    taken = sign_in(staff).put(f"/userprofile/User_update/{root.pk}/", {"email": "mallory@example.com"})
    assert taken.json() == {"error": "User with provided ID does not exist"}
    promoted = sign_in(stranger).put(
        f"/userprofile/User_update/{stranger.pk}/", {"is_staff": True, "is_superuser": True, "dob": ""}
    )
    assert promoted.status_code in (200, 400)
    ignored = ("last_login", "dob")
    after = [*User.objects.order_by("id").values()], [*Application.objects.values()]
    for old, new in zip([*before[0], *before[1]], [*after[0], *after[1]], strict=True):
        assert {k: v for k, v in old.items() if k not in ignored} == {
            k: v for k, v in new.items() if k not in ignored
        }


def test_09_nobody_reads_another_users_activity(
    user: User, make_user: Callable[..., User], sign_in: Callable[..., APIClient], api: APIClient
) -> None:
    other = make_user("robin@example.com")
    sign_in(other)
    client = sign_in(user)
    theirs, nobodys = (client.get(ACTIVITY, {"email": to}) for to in (other.email, "nobody@example.com"))
    assert (theirs.status_code, theirs.json()) == (404, {"error": "User not found."})
    assert (nobodys.status_code, nobodys.content) == (theirs.status_code, theirs.content)
    assert api.get(ACTIVITY, {"email": other.email}).status_code == 401
    own = client.get(ACTIVITY, {"email": user.email}).json()
    assert {row["email"] for row in own["activity_logs"]} == {user.email}


def test_10_a_secret_key_is_written_by_its_owner_and_read_by_nobody(
    user: User, make_user: Callable[..., User], sign_in: Callable[..., APIClient]
) -> None:
    application = Application.objects.create(owner=user)
    path = f"/application/Application_update/{application.pk}/"
    stranger, owner = sign_in(make_user("robin@example.com")), sign_in(user)
    assert stranger.put(path, {"secret_key": "the-strangers-own-key"}).status_code == 404
    application.refresh_from_db()
    assert application.secret_key_hash == ""
    answer = owner.put(path, {"secret_key": SECRET_KEY})
    assert answer.json() == {"message": "Application details updated successfully"}
    shown = owner.get(path)
    assert "secret_key" not in shown.json()
    row = str(Application.objects.values().get())
    application.refresh_from_db()
    assert SECRET_KEY not in row + shown.content.decode()
    assert application.secret_key_hash not in shown.content.decode()
    assert application.secret_key_hash.startswith("argon2$argon2id$")
    root = make_user("root@example.com", is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(root)
    for lookup in ("secret_key_hash__startswith", "secret_key_hash", "owner__password__startswith"):
        guess = browser.get("/admin/application/application/", {lookup: "argon2"})
        assert guess.status_code == 400, lookup


@pytest.mark.parametrize("evil", ["{% load x %}", "{{ user.password }}", "{{ otp|safe }}", "{# x #}"])
def test_13_no_value_becomes_markup_a_placeholder_or_a_header(user: User, evil: str) -> None:
    row = EmailTemplates.objects.get(name="password_reset_code")
    row.text_body += evil
    with pytest.raises(ValidationError):
        row.save()
    EmailTemplates.objects.filter(pk=row.pk).update(
        subject="Hello {{ first_name }}",
        text_body="{{ first_name }} {{ otp }}",
        html_body="{{ first_name }} {{ otp }}",
    )
    name = "<b>{{ otp }}</b>\r\nBcc: mallory@evil.example"
    User.objects.update(first_name=f"{name[:24]}\r\nBcc: mallory")
    password_reset.request_code(email=user.email)
    delivery.deliver_due()
    sent: Any = mail.outbox[-1]
    headers = sent.message().items()
    assert not [value for header, value in headers if header.lower() == "bcc" or "\n" in str(value)]
    assert sent.recipients() == [user.email]
    assert "{{ otp }}" in sent.body  # as text: a value is filled in once
    assert "<b>" not in sent.alternatives[0][0]
    assert templates.PLACEHOLDER.search(sent.subject)
    echoed = Client().get("/health/live", headers={"X-Request-ID": "spoofed\r\nSet-Cookie: a=b"})
    assert "spoofed" not in echoed["X-Request-ID"]
    with pytest.raises(ValidationError):
        User(
            username="x", email="kim@example.com\r\nBcc: mallory@evil.example", password=PASSWORD
        ).full_clean()
