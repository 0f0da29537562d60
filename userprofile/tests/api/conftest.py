"""The user and the application that the table of doors names, and a client that may come in.

Some hundred requests are made of each door: the password is hashed once, and nobody signs in.
"""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from application.models import Application
from userprofile.clock import now
from userprofile.mechanisms import sessions
from userprofile.models import LoginActivity, User
from userprofile.tests.api.doors import EMAIL, ID, RIGHT, Door
from userprofile.tests.conftest import hash_of


@pytest.fixture
def kim(db: None) -> User:
    user = User(id=ID, email=EMAIL, username="kim-0", password=hash_of(RIGHT))
    user.save()
    return user


@pytest.fixture
def kims_application(kim: User) -> Application:
    return Application.objects.create(id=ID, owner=kim)


@pytest.fixture
def at_the_door(kims_application: Application, kim: User, api: APIClient) -> Callable[[Door], APIClient]:
    """`at_the_door(door)`: a client that may come in there, and that reports a 500 as an answer."""

    def client(door: Door) -> APIClient:
        found = api if door.is_open else with_token_of(kim)
        found.raise_request_exception = False
        return found

    return client


def with_token_of(user: User) -> APIClient:
    at, client = now(), APIClient()
    lifetimes: dict[str, Any] = {**sessions.lifetimes(signed_in_at=at, at=at)}
    session = LoginActivity.objects.create(
        user=user, email=user.email, attempt_name="login_success", created_at=at, **lifetimes
    )
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {sessions.tokens_of(session).access_token}")
    return client
