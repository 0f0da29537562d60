"""Staff who are no superusers: what they may do, and that none of it raises their rights."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client

from userprofile.clock import now
from userprofile.models import User
from userprofile.tests.admin.conftest import USERS, Filled, entered, messages_of

ONLY_SUPERUSERS = "1 left alone: only a superuser may change another account that has rights."


def rights_of(user: User) -> tuple[bool, bool, int, int]:
    user = User.objects.get(pk=user.pk)
    return user.is_staff, user.is_superuser, user.groups.count(), user.user_permissions.count()


@pytest.mark.parametrize("whose", ["own", "other"])
def test_rights_are_not_taken_from_the_form(
    whose: str, by_helpdesk: Client, helpdesk: User, user: User, filled: Filled
) -> None:
    target = helpdesk if whose == "own" else user
    group = Group.objects.create(name="all powerful")
    before = rights_of(target)
    page = f"{USERS}{target.pk}/change/"
    permission = Permission.objects.first()
    assert permission is not None
    wanted = {
        "is_superuser": "on",
        "is_staff": "on",
        "groups": [group.pk],
        "user_permissions": [permission.pk],
    }
    assert by_helpdesk.post(page, filled(by_helpdesk, page, last_name="X", **wanted)).status_code == 302
    target.refresh_from_db()
    assert target.last_name == "X"
    assert rights_of(target) == before


def test_new_user_has_no_rights(by_helpdesk: Client, password: str) -> None:
    form = {"email": "new@example.com", "username": "new", "usable_password": "true", "is_superuser": "on"}
    by_helpdesk.post(f"{USERS}add/", {**form, "is_staff": "on", "password1": password, "password2": password})
    assert rights_of(User.objects.get(username="new")) == (False, False, 0, 0)


@pytest.mark.parametrize("other", ["root", "staff"])
class TestAccountWithRights:
    @pytest.fixture
    def target(self, other: str, request: pytest.FixtureRequest) -> User:
        user: User = request.getfixturevalue(other)
        return user

    def test_may_be_looked_at(self, by_helpdesk: Client, target: User) -> None:
        response = by_helpdesk.get(f"{USERS}{target.pk}/change/")
        assert response.status_code == 200
        assert not response.context["has_change_permission"]

    @pytest.mark.parametrize("page", ["change", "password", "delete"])
    def test_is_not_changed(self, page: str, by_helpdesk: Client, target: User, new_password: str) -> None:
        form = {
            "email": "mine@example.com",
            "username": "mine",
            "password1": new_password,
            "password2": new_password,
            "usable_password": "true",
            "set-password": "1",
            "post": "yes",
        }
        assert by_helpdesk.post(f"{USERS}{target.pk}/{page}/", form).status_code == 403
        after = User.objects.get(pk=target.pk)
        assert (after.email, after.password) == (target.email, target.password)

    @pytest.mark.parametrize("action", ["unlock", "unblock", "end_all_sessions"])
    def test_is_left_alone_by_actions(self, action: str, by_helpdesk: Client, target: User) -> None:
        User.objects.filter(pk=target.pk).update(sign_in_locked_at=now(), blocked_at=now())
        response = by_helpdesk.post(USERS, {"action": action, "_selected_action": [target.pk]}, follow=True)
        assert ONLY_SUPERUSERS in messages_of(response)
        target.refresh_from_db()
        assert None not in (target.sign_in_locked_at, target.blocked_at)
        assert target.sessions_ended_at is None
        assert not LogEntry.objects.exists()

    def test_is_not_deleted_with_others(self, by_helpdesk: Client, target: User, user: User) -> None:
        form = {"action": "delete_selected", "_selected_action": [target.pk, user.pk], "post": "yes"}
        assert by_helpdesk.post(USERS, form).status_code == 403
        assert User.objects.filter(pk__in=[target.pk, user.pk]).count() == 2


def test_helpdesk_may_unlock_accounts_without_rights(by_helpdesk: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(sign_in_locked_at=now())
    by_helpdesk.post(USERS, {"action": "unlock", "_selected_action": [user.pk]})
    user.refresh_from_db()
    assert user.sign_in_locked_at is None


def test_actions_need_the_permission_to_change(make_user: Callable[..., User], user: User) -> None:
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_user"))
    User.objects.filter(pk=user.pk).update(sign_in_locked_at=now())
    browser = entered(reader)
    assert browser.get(USERS).status_code == 200
    for action in ("unlock", "unblock", "end_all_sessions"):
        browser.post(USERS, {"action": action, "_selected_action": [user.pk]})
    user.refresh_from_db()
    assert user.sign_in_locked_at is not None
    assert not LogEntry.objects.exists()


def test_sending_again_needs_the_permission_to_change(make_user: Callable[..., User]) -> None:
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_emailslogs"))
    response = entered(reader).get("/admin/userprofile/emailslogs/")
    assert response.context["action_form"] is None


@pytest.mark.parametrize("page", ["add/", "{}/change/", "{}/delete/"])
def test_groups_are_written_by_superusers_alone(
    page: str, by_helpdesk: Client, by_root: Client, helpdesk: User
) -> None:
    group = Group.objects.create(name="helpdesk")
    path = f"/admin/auth/group/{page.format(group.pk)}"
    form = {"name": "renamed", "post": "yes"}
    assert by_helpdesk.post(path, form).status_code == 403
    assert by_root.post(path, form).status_code == 302


def test_staff_without_permissions_see_no_figures(staff: User) -> None:
    overview = entered(staff).get("/admin/").context["overview"]
    assert (overview.figures, overview.charts) == ([], [])


def test_password_is_no_column_to_filter_by(by_root: Client, user: User) -> None:
    response: Any = by_root.get(USERS, {"password__startswith": user.password[:20]})
    assert response.status_code == 400
