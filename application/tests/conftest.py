"""An owner, a stranger, a member of staff, and one application."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from application.models import Application


def make_user(name: str, **fields: Any) -> Any:
    return get_user_model().objects.create_user(username=name, email=f"{name}@example.com", **fields)


def signed_in(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def owner(db: None) -> Any:
    return make_user("owner")


@pytest.fixture
def stranger(db: None) -> Any:
    return make_user("stranger")


@pytest.fixture
def staff(db: None) -> Any:
    return make_user("staff", is_staff=True)


@pytest.fixture
def application(owner: Any) -> Application:
    return Application.objects.create(id=7, owner=owner)


@pytest.fixture
def by_owner(owner: Any) -> APIClient:
    return signed_in(owner)


@pytest.fixture
def by_stranger(stranger: Any) -> APIClient:
    return signed_in(stranger)


@pytest.fixture
def by_staff(staff: Any) -> APIClient:
    return signed_in(staff)
