"""What the tests of account security share: users, clients, codes and a clock that moves."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from userprofile import hashers
from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, User

PASSWORD = "Violet-Kite7"
NEW_PASSWORD = "Amber-Fjord8"
START = "2026-03-14T09:26:53Z"


@functools.cache
def hash_of(password: str) -> str:
    """Made once for all tests: it is meant to take long."""
    return hashers.hash_password(password)


@pytest.fixture
def password() -> str:
    return PASSWORD


@pytest.fixture
def new_password() -> str:
    return NEW_PASSWORD


@pytest.fixture
def clock() -> Iterator[Any]:
    """Time stands still at START; `clock.shift(seconds)` moves it."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """`make_user("kim@example.com", is_staff=True)`: a user with PASSWORD."""

    def make(email: str = "kim@example.com", **fields: Any) -> User:
        fields.setdefault("username", email.replace("@", "-at-"))
        password = fields.pop("password", PASSWORD)
        user = User.objects.create_user(email=email, **fields)
        if password is not None:
            user.password = hash_of(password)
            User.objects.filter(pk=user.pk).update(password=user.password)
        return user

    return make


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user()


@pytest.fixture
def staff(make_user: Callable[..., User]) -> User:
    return make_user("staff@example.com", is_staff=True)


@pytest.fixture
def api() -> APIClient:
    """A client that is not signed in; send `format="json"` or leave it for a form."""
    return APIClient()


@pytest.fixture
def sign_in() -> Callable[..., APIClient]:
    """`sign_in(user)`: a client with the access token of a real session; `.tokens` holds both."""

    def enter(user: User, password: str = PASSWORD) -> APIClient:
        client = APIClient()
        answer = client.post("/userprofile/login/", {"email": user.email, "password": password})
        assert answer.status_code == 200, answer.content
        client.tokens = answer.json()  # type: ignore[attr-defined]
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")
        return client

    return enter


@pytest.fixture
def cookies() -> Client:
    """A client that keeps cookies, as a browser does."""
    return Client()


@pytest.fixture
def code_of() -> Callable[..., str]:
    """`code_of(user)`: the digits of the newest reset code; `code_of(user, otp.EMAIL_VALIDATION)`."""

    def read(user: User, purpose: str = otp.PASSWORD_RESET) -> str:
        newest = otp.newest(user=user, purpose=purpose)
        assert newest is not None
        return otp.digits(newest)

    return read


@pytest.fixture
def wrong_code_for(code_of: Callable[..., str]) -> Callable[..., str]:
    """`wrong_code_for(user)`: as many digits as the newest code has, each of them different."""

    def make(user: User, purpose: str = otp.PASSWORD_RESET) -> str:
        return "".join(str((int(digit) + 1) % 10) for digit in code_of(user, purpose))

    return make


@pytest.fixture
def mails_to() -> Callable[[User], list[str]]:
    """`mails_to(user)`: the templates of the mails in the outbox, oldest first."""

    def read(user: User) -> list[str]:
        rows = EmailsLogs.objects.filter(user=user).order_by("id")
        return list(rows.values_list("template", flat=True))

    return read
