"""A password that an admin sets: the policy of the API, the end of every session, a mail to the owner."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import password_validation
from django.test import Client

from userprofile.clock import now
from userprofile.mechanisms import otp
from userprofile.models import User
from userprofile.tests.admin.conftest import USERS


def path_of(user: User) -> str:
    return f"{USERS}{user.pk}/password/"


def test_password_set_by_an_admin_ends_sessions_voids_codes_and_is_mailed(
    by_root: Client,
    staff: User,
    new_password: str,
    sign_in: Any,
    cookies: Client,
    mails_to: Callable[[User], list[str]],
) -> None:
    token = sign_in(staff)
    cookies.force_login(staff)
    code = otp.issue(user=staff, purpose=otp.PASSWORD_RESET, at=now())
    User.objects.filter(pk=staff.pk).update(reset_failures=1)
    form = {"password1": new_password, "password2": new_password, "usable_password": "true"}
    assert by_root.post(path_of(staff), {**form, "set-password": "1"}).status_code == 302
    staff.refresh_from_db()
    code.refresh_from_db()
    assert staff.check_password(new_password)
    assert staff.reset_failures == 1
    assert code.voided_at is not None
    assert token.get(f"/userprofile/User_update/{staff.pk}/").status_code == 401
    assert cookies.get("/admin/").status_code == 302
    assert mails_to(staff) == ["password_reset_code", "password_changed"]
    assert LogEntry.objects.get().get_change_message() == "Changed password."


def test_policy_holds(by_root: Client, user: User, password: str) -> None:
    form = {"password1": "password", "password2": "password", "usable_password": "true"}
    response = by_root.post(path_of(user), {**form, "set-password": "1"})
    assert "This password is too common." in response.context["form"].errors["password2"]
    user.refresh_from_db()
    assert user.check_password(password)


def test_counters_that_move_meanwhile_stay(
    by_root: Client, user: User, new_password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def validate_while_others_guess(password: str, judged: User) -> None:
        User.objects.filter(pk=judged.pk).update(sign_in_failures=2)

    monkeypatch.setattr(password_validation, "validate_password", validate_while_others_guess)
    form = {"password1": new_password, "password2": new_password, "usable_password": "true"}
    by_root.post(path_of(user), {**form, "set-password": "1"})
    user.refresh_from_db()
    assert user.check_password(new_password)
    assert user.sign_in_failures == 2


def test_password_can_be_taken_away(by_root: Client, user: User) -> None:
    form = {"password1": "", "password2": "", "usable_password": "false"}
    assert by_root.post(path_of(user), {**form, "unset-password": "1"}).status_code == 302
    user.refresh_from_db()
    assert not user.has_usable_password()


@pytest.mark.parametrize("spelling", ["{}", "0{}"])  # both are found
def test_own_password_is_not_set_without_the_present_one(
    spelling: str, by_root: Client, root: User, password: str, new_password: str
) -> None:
    path = f"{USERS}{spelling.format(root.pk)}/password/"
    form = {"password1": new_password, "password2": new_password, "usable_password": "true"}
    for answer in (by_root.get(path), by_root.post(path, {**form, "set-password": "1"})):
        assert (answer.status_code, answer["Location"]) == (302, "/admin/password_change/")
    root.refresh_from_db()
    assert root.check_password(password)
