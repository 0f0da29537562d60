"""The user and the application that the table of doors names, and a client that is signed in as that user."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from application.models import Application
from userprofile.models import User
from userprofile.tests.api.doors import EMAIL, ID, Door


@pytest.fixture
def kim(make_user: Callable[..., User]) -> User:
    return make_user(EMAIL, id=ID)


@pytest.fixture
def kims_application(kim: User) -> Application:
    return Application.objects.create(id=ID, owner=kim)


@pytest.fixture
def at_the_door(
    kims_application: Application, kim: User, api: APIClient, sign_in: Callable[[User], APIClient]
) -> Callable[[Door], APIClient]:
    """`at_the_door(door)`: a client that may come in there, and that reports a 500 as an answer."""

    def client(door: Door) -> APIClient:
        found = api if door.is_open else sign_in(kim)
        found.raise_request_exception = False
        return found

    return client
