"""Every page of the admin: no secret on any, nothing that the content security policy would refuse."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from application.models import Application
from userprofile.clock import now
from userprofile.mechanisms import otp, outbox
from userprofile.models import Decoy, EmailsLogs, EmailTemplates, LoginActivity, ThrottleCounter, User

VIEWS = ("changelist", "add", "change", "history", "delete")
SECRET_KEY = "only-the-client-knows-it"


@pytest.fixture
def rows(user: User, sign_in: Callable[..., Any], by_root: Client) -> dict[type[Model], Any]:
    """One row of each table, with a secret wherever there may be one."""
    tokens = sign_in(user).tokens
    assert tokens["refresh_token"]
    otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    outbox.queue_notice(user=user, template="account_locked", at=now())
    application = Application(owner=user)
    application.set_secret_key(SECRET_KEY)
    application.save()
    return {
        User: user,
        EmailsLogs: EmailsLogs.objects.exclude(nonce="").get(),
        LoginActivity: LoginActivity.objects.get(),
        EmailTemplates: EmailTemplates.objects.all()[0],
        Application: application,
        Group: Group.objects.create(name="helpdesk"),
    }


def addresses(rows: dict[type[Model], Any]) -> list[str]:
    found = ["/admin/", "/admin/userprofile/", "/admin/password_change/", "/admin/jsi18n/"]
    found.append(f"/admin/userprofile/user/{rows[User].pk}/password/")
    found.append(
        "/admin/autocomplete/?app_label=application&model_name=application&field_name=owner&term=kim"
    )
    for model, row in rows.items():
        for view in VIEWS:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"
            found.append(reverse(name, args=[row.pk] if view in VIEWS[2:] else []))
    return found


def html_of(browser: Client, address: str) -> str:
    response = browser.get(address)
    assert response.status_code in (200, 403), address
    return response.content.decode()


def test_every_table_with_a_page_is_walked(rows: dict[type[Model], Any]) -> None:
    assert set(admin.site._registry) == {*rows}


@pytest.mark.parametrize("model", [Decoy, ThrottleCounter, Session])
def test_table_has_no_page(model: type[Any]) -> None:
    assert not admin.site.is_registered(model)


def test_no_page_shows_a_secret(by_root: Client, rows: dict[type[Model], Any], user: User) -> None:
    user.refresh_from_db()
    code = rows[EmailsLogs]
    application = rows[Application]
    secrets = {
        "hash": user.password,
        "part of the hash": user.password.split("$")[-1],
        "salt": user.password.split("$")[-2],
        "nonce": code.nonce,
        "key": code.key_id,
        "digits": otp.digits(code),
        "secret key": SECRET_KEY,
        "hash of the secret key": application.secret_key_hash,
    }
    assert all(secrets.values())
    for address in addresses(rows):
        html = html_of(by_root, address)
        for name, secret in secrets.items():
            assert secret not in html, (address, name)


def test_password_is_set_or_not_set(by_root: Client, user: User) -> None:
    page = f"/admin/userprofile/user/{user.pk}/change/"
    assert "set · <a href" in by_root.get(page).content.decode()
    user.set_unusable_password()
    user.save()
    assert "not set · <a href" in by_root.get(page).content.decode()


def test_pages_hold_no_inline_style_or_script(by_root: Client, rows: dict[type[Model], Any]) -> None:
    LoginActivity.objects.create(email="x", attempt_name="login_failed")
    for address in [*addresses(rows), "/admin/logout/"]:
        html = html_of(by_root, address) if address != "/admin/logout/" else logged_out(by_root)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html), address
        for attributes in re.findall(r"<script([^>]*)>", html):
            assert "src=" in attributes or 'type="application/json"' in attributes, address


def logged_out(browser: Client) -> str:
    return browser.post("/admin/logout/").content.decode()


def test_pages_carry_the_policy(by_root: Client, cookies: Client, db: None) -> None:
    policy = {
        "default-src 'self'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'none'",
    }
    for browser, address in ((by_root, "/admin/"), (cookies, "/admin/login/")):
        sent = browser.get(address)["Content-Security-Policy"]
        assert set(sent.split("; ")) == policy
