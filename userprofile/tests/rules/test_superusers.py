"""The details of staff and of superusers are changed by themselves and by superusers alone."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from userprofile.exceptions import UserIdDoesNotExist
from userprofile.journeys import profile
from userprofile.models import User

UNKNOWN = {"error": "User with provided ID does not exist"}


@pytest.fixture(params=["superuser", "staff", "superuser without the admin"])
def root(request: pytest.FixtureRequest, make_user: Callable[..., User]) -> User:
    """Somebody whose rights other staff would have with the address."""
    rights = {
        "is_staff": request.param != "superuser without the admin",
        "is_superuser": request.param != "staff",
    }
    return make_user("root@example.com", **rights)


def test_staff_change_nobody_with_rights_and_may_look(root: User, staff: User) -> None:
    assert profile.find(user_id=root.pk, viewer=staff) == root
    with pytest.raises(UserIdDoesNotExist):
        profile.find(user_id=root.pk, viewer=staff, to_change=True)


def test_superusers_change_everybody(root: User, make_user: Callable[..., User]) -> None:
    second = make_user("second@example.com", is_staff=True, is_superuser=True)
    for viewer in (root, second):
        assert profile.find(user_id=root.pk, viewer=viewer, to_change=True) == root


@pytest.mark.parametrize("body", [{"email": "mallory@example.com"}, {"email": "no address"}, {}])
def test_somebody_with_rights_is_answered_to_staff_like_an_unknown_id(
    root: User, staff: User, sign_in: Callable[..., APIClient], body: dict[str, Any]
) -> None:
    """A valid body, a refused one and an empty one: none tells that there is somebody."""
    client = sign_in(staff)
    for path, target in (
        (f"/userprofile/User_update/{root.pk}/", {}),
        ("/userprofile/User&App/", {"user_id": root.pk}),
    ):
        for method in (client.put, client.patch, client.post):
            answer = method(path, {**body, **target})
            assert (answer.status_code, answer.json()) == (404, UNKNOWN), path
    root.refresh_from_db()
    assert root.email == "root@example.com"
