"""The admin's staff: one who may do everything, one who may only look after users; and their forms."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from userprofile.models import User

USERS = "/admin/userprofile/user/"
Filled = Callable[..., dict[str, Any]]


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def helpdesk(make_user: Callable[..., User]) -> User:
    """Has every permission there is, and is no superuser."""
    user = make_user("helpdesk@example.com", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return user


def entered(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def by_root(root: User) -> Client:
    return entered(root)


@pytest.fixture
def by_helpdesk(helpdesk: User) -> Client:
    return entered(helpdesk)


@pytest.fixture
def filled() -> Filled:
    """`filled(browser, path, phone="")`: what a browser sends for the form shown there, but for `phone`."""

    def fill(browser: Client, path: str, **fields: Any) -> dict[str, Any]:
        form = browser.get(path).context["adminform"].form
        values = {name: form[name].value() for name in form.fields}
        shown = {name: "" if value is None else value for name, value in values.items() if value is not False}
        return {**shown, **fields}

    return fill


def errors_of(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200, response.content
    return {name: [*messages] for name, messages in response.context["adminform"].form.errors.items()}


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]
