"""/admin/login/ and the ways out: one lockout, one throttle and one log with the other doors."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.test import Client
from rest_framework.test import APIClient

from userprofile.clock import now
from userprofile.models import LoginActivity, User

LOGIN = "/admin/login/"
LOCKED = "Account locked. Contact admin."
WRONG = (
    "Please enter the correct email address and password for a staff account."
    " Note that both fields may be case-sensitive."
)


def try_to_enter(browser: Client, email: str, password: str, **headers: Any) -> Any:
    return browser.post(LOGIN, {"username": email, "password": password, "next": "/admin/"}, **headers)


def said(response: Any) -> list[str]:
    assert response.status_code == 200
    return [*response.context["form"].non_field_errors()]


def attempts() -> list[tuple[str, str]]:
    return [*LoginActivity.objects.order_by("id").values_list("email", "attempt_name")]


def test_staff_enter_with_any_spelling_of_their_address(cookies: Client, staff: User, password: str) -> None:
    response = try_to_enter(cookies, " STAFF@Example.com", password, REMOTE_ADDR="192.0.2.9")
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert cookies.get("/admin/").status_code == 200
    row = LoginActivity.objects.get()
    assert (row.user, row.email, row.attempt_name) == (staff, "staff@example.com", "login_success")
    assert row.ip_address == "192.0.2.9"
    assert cookies.session["activity_id"] == row.pk
    staff.refresh_from_db()
    assert staff.last_login == row.created_at


def test_wrong_password_is_djangos_usual_error_and_counts(cookies: Client, staff: User) -> None:
    assert said(try_to_enter(cookies, staff.email, "Wrong-Password1")) == [WRONG]
    staff.refresh_from_db()
    assert staff.sign_in_failures == 1
    assert attempts() == [(staff.email, "login_failed")]


def test_unknown_address_gets_the_same_error_and_is_logged(cookies: Client, db: None, password: str) -> None:
    assert said(try_to_enter(cookies, "nobody@example.com", password)) == [WRONG]
    assert attempts() == [("nobody@example.com", "login_failed")]


def test_account_without_staff_status_is_refused_like_an_unknown_one(
    cookies: Client, user: User, password: str
) -> None:
    assert said(try_to_enter(cookies, user.email, password)) == [WRONG]
    assert cookies.get("/admin/").status_code == 302
    user.refresh_from_db()
    assert (user.sign_in_failures, user.last_login) == (0, None)
    assert attempts() == [(user.email, "login_failed")]


def test_last_failure_allowed_locks_and_says_so_ever_after(
    cookies: Client, staff: User, password: str, settings: LazySettings
) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        assert said(try_to_enter(cookies, staff.email, "Wrong-Password1")) == [WRONG]
    assert said(try_to_enter(cookies, staff.email, "Wrong-Password1")) == [LOCKED]
    assert said(try_to_enter(cookies, staff.email, password)) == [LOCKED]


def test_failures_at_the_admin_and_at_the_api_are_one_count(
    cookies: Client, api: APIClient, staff: User, password: str, settings: LazySettings
) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        api.post("/userprofile/login/", {"email": staff.email, "password": "Wrong-Password1"})
    assert said(try_to_enter(cookies, staff.email, "Wrong-Password1")) == [LOCKED]
    answer = api.post("/userprofile/login/", {"email": staff.email, "password": password})
    assert (answer.status_code, answer.json()) == (403, {"detail": LOCKED})


def test_lock_from_account_locked_closes_the_admin(
    cookies: Client, api: APIClient, staff: User, password: str, settings: LazySettings
) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES):
        api.post("/userprofile/account_locked/", {"email": staff.email, "Password": "Wrong-Password1"})
    assert said(try_to_enter(cookies, staff.email, password)) == [LOCKED]


def test_success_at_the_admin_clears_the_count(cookies: Client, staff: User, password: str) -> None:
    try_to_enter(cookies, staff.email, "Wrong-Password1")
    try_to_enter(cookies, staff.email, password)
    staff.refresh_from_db()
    assert staff.sign_in_failures == 0


def test_form_without_its_csrf_token_is_refused_and_not_counted(staff: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    response = try_to_enter(browser, staff.email, "Wrong-Password1")
    assert response.status_code == 403
    assert b"CSRF verification failed" in response.content
    assert b"<style" not in response.content
    assert attempts() == []


def test_form_with_its_csrf_token_enters(staff: User, password: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get(LOGIN)
    form = {"username": staff.email, "password": password, "next": "/admin/"}
    token = browser.cookies["csrftoken"].value
    assert browser.post(LOGIN, {**form, "csrfmiddlewaretoken": token}).status_code == 302


def test_signing_in_again_ends_the_browsers_former_session(
    cookies: Client, staff: User, root: User, password: str
) -> None:
    keys = []
    for person in (staff, staff, root):
        assert try_to_enter(cookies, person.email, password).status_code == 302
        keys.append(cookies.cookies["sessionid"].value)
        row = LoginActivity.objects.open(at=now()).get()
        assert (row.user, row.pk) == (person, cookies.session["activity_id"])
        assert int(cookies.session["_auth_user_id"]) == person.pk
        assert Session.objects.count() == 1
    assert len(set(keys)) == 3


def test_a_failed_sign_in_leaves_the_browsers_session_as_it_was(
    cookies: Client, staff: User, root: User, password: str
) -> None:
    try_to_enter(cookies, staff.email, password)
    try_to_enter(cookies, root.email, "Wrong-Password1")
    assert cookies.get("/admin/").status_code == 200
    assert LoginActivity.objects.open(at=now()).get().user == staff


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_next_leads_nowhere_else(cookies: Client, staff: User, password: str, elsewhere: str) -> None:
    form = {"username": staff.email, "password": password, "next": elsewhere}
    for path in (LOGIN, f"{LOGIN}?{urlencode({'next': elsewhere})}"):
        response = cookies.post(path, form)
        assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_a_username_is_no_way_in(cookies: Client, staff: User, password: str) -> None:
    assert said(try_to_enter(cookies, staff.username, password)) == [WRONG]
    assert attempts() == [("", "login_failed")]


class TestThrottle:
    @pytest.fixture(autouse=True)
    def two_a_minute(self, settings: LazySettings, clock: Any) -> None:
        settings.THROTTLES = True
        settings.THROTTLE_SIGN_IN = (2, 60)

    def test_posts_over_the_limit_are_429_with_retry_after(
        self, cookies: Client, staff: User, password: str
    ) -> None:
        for _ in range(2):
            try_to_enter(cookies, "nobody@example.com", password)
        response = try_to_enter(cookies, staff.email, password)
        assert (response.status_code, response["Retry-After"]) == (429, "60")
        assert "Try again in 60 seconds." in response.content.decode()
        assert response["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
        assert len(attempts()) == 2

    def test_api_and_admin_share_the_count(
        self, cookies: Client, api: APIClient, staff: User, password: str
    ) -> None:
        body = {"email": "nobody@example.com", "password": password}
        for _ in range(2):
            api.post("/userprofile/login/", body)
        assert try_to_enter(cookies, staff.email, password).status_code == 429
        assert api.post("/userprofile/login/", body).status_code == 429

    def test_window_ends(self, cookies: Client, staff: User, password: str, clock: Any) -> None:
        for _ in range(3):
            try_to_enter(cookies, "nobody@example.com", password)
        clock.shift(60)
        assert try_to_enter(cookies, staff.email, password).status_code == 302

    def test_other_networks_are_not_held_up(self, cookies: Client, staff: User, password: str) -> None:
        for _ in range(3):
            try_to_enter(cookies, "nobody@example.com", password)
        assert try_to_enter(cookies, staff.email, password, REMOTE_ADDR="192.0.2.9").status_code == 302

    def test_looking_at_the_page_is_not_counted(self, cookies: Client, staff: User, password: str) -> None:
        for _ in range(3):
            assert cookies.get(LOGIN).status_code == 200
        assert try_to_enter(cookies, staff.email, password).status_code == 302


class TestWayOut:
    @pytest.fixture
    def browser(self, cookies: Client, staff: User, password: str) -> Client:
        assert try_to_enter(cookies, staff.email, password).status_code == 302
        return cookies

    def test_logout_closes_the_row_of_the_activity_log(
        self, clock: Any, browser: Client, staff: User
    ) -> None:
        clock.shift(100)
        assert browser.post("/admin/logout/").status_code == 200
        row = LoginActivity.objects.get()
        staff.refresh_from_db()
        assert row.logout_time is not None
        assert (row.logout_time - row.created_at).total_seconds() == 100
        assert staff.logout == row.logout_time
        assert browser.get("/admin/").status_code == 302
        assert "activity_id" not in browser.session

    def test_logout_ends_no_other_session(self, browser: Client, staff: User, sign_in: Any) -> None:
        elsewhere = sign_in(staff)
        browser.post("/admin/logout/")
        assert elsewhere.get(f"/userprofile/User_update/{staff.pk}/").status_code == 200

    def test_logout_without_a_row_writes_one(self, staff: User) -> None:
        browser = Client()
        browser.force_login(staff)
        browser.post("/admin/logout/", REMOTE_ADDR="192.0.2.9")
        row = LoginActivity.objects.get()
        staff.refresh_from_db()
        assert (row.attempt_name, row.user, row.ip_address) == ("logout", staff, "192.0.2.9")
        assert row.logout_time == staff.logout is not None

    def test_logout_needs_a_post(self, browser: Client) -> None:
        assert browser.get("/admin/logout/").status_code == 405
        assert LoginActivity.objects.get().logout_time is None
        assert browser.get("/admin/").status_code == 200

    def test_api_logout_with_the_cookie_ends_the_admins_session(self, browser: Client) -> None:
        assert browser.post("/userprofile/logout/").json() == {"detail": "Logout successful."}
        assert browser.get("/admin/").status_code == 302
        assert LoginActivity.objects.get().logout_time is not None

    def test_session_dies_with_the_password(self, browser: Client, staff: User, new_password: str) -> None:
        user = User.objects.get(pk=staff.pk)
        user.set_password(new_password)
        user.save()
        assert browser.get("/admin/").status_code == 302

    def test_session_dies_when_all_sessions_are_ended(
        self, browser: Client, staff: User, by_root: Client
    ) -> None:
        chosen = {"action": "end_all_sessions", "_selected_action": [staff.pk]}
        by_root.post("/admin/userprofile/user/", chosen)
        assert browser.get("/admin/").status_code == 302

    @pytest.mark.parametrize("column", ["is_active", "is_staff"])
    def test_session_opens_nothing_without(self, column: str, browser: Client, staff: User) -> None:
        User.objects.filter(pk=staff.pk).update(**{column: False})
        assert browser.get("/admin/").status_code == 302


class TestOwnPassword:
    """/admin/password_change/"""

    PATH = "/admin/password_change/"

    @pytest.fixture
    def browser(self, cookies: Client, staff: User, password: str) -> Client:
        assert try_to_enter(cookies, staff.email, password).status_code == 302
        return cookies

    def change(self, browser: Client, old: str, new: str) -> Any:
        form = {"old_password": old, "new_password1": new, "new_password2": new}
        return browser.post(self.PATH, form, REMOTE_ADDR="192.0.2.9")

    def test_new_password_ends_every_session_and_is_mailed(
        self,
        browser: Client,
        staff: User,
        password: str,
        new_password: str,
        mails_to: Callable[[User], list[str]],
        sign_in: Any,
    ) -> None:
        elsewhere = sign_in(staff)
        assert self.change(browser, password, new_password)["Location"] == f"{self.PATH}done/"
        staff.refresh_from_db()
        assert staff.check_password(new_password)
        assert mails_to(staff) == ["password_changed"]
        assert staff.emails.get().context["ip_address"] == "192.0.2.9"
        assert elsewhere.get(f"/userprofile/User_update/{staff.pk}/").status_code == 401
        assert browser.get("/admin/").status_code == 302

    def test_wrong_old_password_counts_towards_the_lock(
        self, browser: Client, staff: User, new_password: str, settings: LazySettings
    ) -> None:
        for left in range(settings.LOGIN_MAX_FAILURES - 1, -1, -1):
            response = self.change(browser, "Wrong-Password1", new_password)
            expected = "Your old password was entered incorrectly. Please enter it again."
            assert response.context["form"].errors["old_password"] == [expected if left else LOCKED]
        staff.refresh_from_db()
        assert staff.sign_in_locked_at is not None
        assert not staff.check_password(new_password)

    def test_policy_holds(self, browser: Client, staff: User, password: str) -> None:
        response = self.change(browser, password, "password")
        assert "This password is too common." in response.context["form"].errors["new_password2"]
        staff.refresh_from_db()
        assert staff.check_password(password)
