"""Sign-in lock, reset lock and block: what causes, what is stopped, what is left alone, what lifts."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.journeys import unblocking
from userprofile.mechanisms import otp
from userprofile.models import LoginActivity, User
from userprofile.tests.conftest import NEW_PASSWORD, PASSWORD

WRONG = "not-the-Password1"
USERPROFILE = "/userprofile"
DAY = timedelta(days=1)

Answer = tuple[int, Any]
CodeOf = Callable[..., str]

LOCKED = {"error": "Account locked. Contact admin."}
BLOCKED = {"error": "Forget password attempts exceeded. Your account has been blocked."}
RESET = {"message": "Password reset successfully"}
SIGNED_IN = {"message": "Login successful"}


class Doors:
    """Every door of one account, as a client with the right password and the newest code uses it."""

    def __init__(self, user: User, code_of: CodeOf, wrong_code_for: CodeOf, clock: Any) -> None:
        self.api, self.user, self.clock = APIClient(), user, clock
        self.code_of, self.wrong_code_for = code_of, wrong_code_for

    def post(self, path: str, **body: Any) -> Answer:
        """One request a second, for the log tells the failure that locks by its time."""
        self.clock.shift(1)
        body = {"email": self.user.email, **body}
        answer = self.api.post(USERPROFILE + path, json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    def login(self, password: str = PASSWORD) -> Answer:
        return self.post("/login/", password=password)

    def account_locked(self, password: str = PASSWORD) -> Answer:
        return self.post("/account_locked/", Password=password)

    def admin(self, password: str = PASSWORD) -> bool:
        """Whether the admin's sign-in page lets the user in."""
        body = {"username": self.user.email, "password": password, "next": "/"}
        return Client().post("/admin/login/", body).status_code == 302

    def ask(self) -> Answer:
        return self.post("/forget_password/")

    def resend(self) -> Answer:
        return self.post("/Resend_OTP/")

    def reset(self, code: str | None = None, password: str = NEW_PASSWORD) -> Answer:
        code = code or self.code_of(self.user)
        return self.post(
            "/forget_password/", otp_entered=code, new_password=password, confirm_password=password
        )

    def guess_code(self) -> Answer:
        return self.reset(self.wrong_code_for(self.user))

    def validate(self) -> Answer:
        assert self.post("/Generate_OTP/")[0] == 200
        return self.post("/Email-Validation/", otp=self.code_of(self.user, otp.EMAIL_VALIDATION))

    def unblock(self) -> Answer:
        return self.post("/User_unblock/")


@pytest.fixture
def doors(clock: Any, make_user: Callable[..., User], code_of: CodeOf, wrong_code_for: CodeOf) -> Doors:
    """The doors of a member of staff, so that the admin's is among them, with a live reset code."""
    found = Doors(make_user(is_staff=True), code_of, wrong_code_for, clock)
    assert found.ask()[0] == 200
    return found


def lock_sign_in(doors: Doors, settings: Settings) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES):
        doors.login(WRONG)


def lock_resets(doors: Doors, settings: Settings) -> None:
    for _ in range(settings.OTP_MAX_FAILURES):
        doors.guess_code()


def block(doors: Doors, settings: Settings) -> None:
    for _ in range(settings.OTP_MAX_RESENDS):
        assert doors.resend()[0] == 200
    assert doors.resend()[0] == 403


REFUSALS = [lock_sign_in, lock_resets, block]
Close = Callable[[Doors, Settings], None]


def closed(user: User) -> list[str]:
    """Which of the three refusals the row records."""
    user.refresh_from_db()
    columns = ("sign_in_locked_at", "reset_locked_at", "blocked_at")
    return [column for column in columns if getattr(user, column) is not None]


# --- Causes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "column"),
    [(lock_sign_in, "sign_in_locked_at"), (lock_resets, "reset_locked_at"), (block, "blocked_at")],
)
def test_no_single_cause_closes_two_doors(
    doors: Doors, settings: Settings, cause: Close, column: str
) -> None:
    cause(doors, settings)
    assert closed(doors.user) == [column]


def test_three_wrong_passwords_through_any_doors_lock_sign_in(doors: Doors, settings: Settings) -> None:
    settings.LOGIN_MAX_FAILURES = 3
    assert doors.login(WRONG) == (401, {"detail": "Invalid credentials"})
    assert not doors.admin(WRONG)
    locked_now = {"error": "Invalid credentials. Account locked. Contact admin."}
    assert doors.account_locked(WRONG) == (403, locked_now)


def test_only_wrong_passwords_in_a_row_lock_sign_in(doors: Doors, settings: Settings) -> None:
    for enter in (doors.login, doors.account_locked):
        for _ in range(settings.LOGIN_MAX_FAILURES - 1):
            assert enter(WRONG)[0] == 401
        assert enter()[0] == 200
    assert closed(doors.user) == []


def test_one_wrong_code_less_locks_nothing(doors: Doors, settings: Settings) -> None:
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        assert doors.guess_code()[0] == 400
    assert closed(doors.user) == []


# --- What each stops, and what each leaves alone ----------------------------------------------


def test_a_sign_in_lock_stops_new_sign_ins_and_leaves_the_rest_alone(
    doors: Doors, settings: Settings
) -> None:
    lock_sign_in(doors, settings)
    for password in (PASSWORD, WRONG):
        assert doors.login(password) == (403, {"detail": "Account locked. Contact admin."})
        assert doors.account_locked(password) == (403, LOCKED)
        assert not doors.admin(password)
    assert doors.ask()[0] == 200
    assert doors.resend()[0] == 200
    assert doors.validate()[0] == 200
    assert doors.unblock() == (400, {"error": "User is not blocked"})
    assert doors.reset() == (200, RESET)


def test_a_reset_lock_stops_reset_codes_and_resets_and_leaves_the_rest_alone(
    doors: Doors, settings: Settings
) -> None:
    lock_resets(doors, settings)
    assert doors.ask() == (403, LOCKED)
    assert doors.resend() == (403, {"message": "Account locked. Contact admin."})
    assert doors.reset() == (403, LOCKED)
    assert doors.guess_code() == (403, LOCKED)
    assert doors.login()[0] == 200
    assert doors.account_locked() == (200, SIGNED_IN)
    assert doors.admin()
    assert doors.validate()[0] == 200
    assert doors.unblock() == (400, {"error": "User is not blocked"})


def test_a_block_stops_asking_for_codes_and_leaves_the_rest_alone(doors: Doors, settings: Settings) -> None:
    block(doors, settings)
    assert doors.ask() == (403, BLOCKED)
    assert doors.resend() == (403, {"message": BLOCKED["error"]})
    assert doors.login()[0] == 200
    assert doors.account_locked() == (200, SIGNED_IN)
    assert doors.admin()
    assert doors.validate()[0] == 200
    assert doors.guess_code() == (400, {"error": "Invalid OTP"})
    assert doors.reset() == (200, RESET)


@pytest.mark.parametrize("cause", REFUSALS)
def test_none_of_them_ends_a_session(
    doors: Doors, settings: Settings, sign_in: Callable[..., APIClient], cause: Close
) -> None:
    visitor = sign_in(doors.user)
    cause(doors, settings)
    assert visitor.get(f"/userprofile/User_update/{doors.user.pk}/").status_code == 200
    refresh_token = visitor.tokens["refresh_token"]  # type: ignore[attr-defined]
    assert doors.post("/token/refresh/", refresh_token=refresh_token)[0] == 200
    assert LoginActivity.objects.get(attempt_name="login_success").logout_time is None


# --- What lifts each --------------------------------------------------------------------------


@pytest.mark.parametrize("cause", REFUSALS)
def test_an_admins_unlock_lifts_all_three(doors: Doors, settings: Settings, cause: Close) -> None:
    cause(doors, settings)
    assert unblocking.unlock_by_admin(doors.user)
    assert closed(doors.user) == []
    assert doors.login()[0] == 200
    assert doors.ask()[0] == 200
    assert doors.reset() == (200, RESET)


@pytest.mark.parametrize("cause", REFUSALS)
def test_time_alone_lifts_none_of_them(doors: Doors, settings: Settings, cause: Close) -> None:
    cause(doors, settings)
    before = closed(doors.user)
    doors.clock.shift(3650 * DAY)
    assert doors.login()[0] == (403 if cause is lock_sign_in else 200)
    assert doors.ask()[0] == (200 if cause is lock_sign_in else 403)
    assert closed(doors.user) == before


@pytest.mark.parametrize("cause", [lock_sign_in, lock_resets])
def test_unblocking_never_lifts_a_lock(doors: Doors, settings: Settings, cause: Close) -> None:
    block(doors, settings)
    cause(doors, settings)
    doors.clock.shift(settings.UNBLOCK_AFTER)
    assert doors.unblock() == (200, {"message": "User unblocked successfully"})
    assert closed(doors.user) == (["sign_in_locked_at"] if cause is lock_sign_in else ["reset_locked_at"])


def test_a_reset_lifts_the_sign_in_lock_and_the_block(doors: Doors, settings: Settings) -> None:
    lock_sign_in(doors, settings)
    block(doors, settings)
    assert doors.reset() == (200, RESET)
    assert closed(doors.user) == []
    assert doors.login(NEW_PASSWORD)[0] == 200
    assert doors.ask()[0] == 200


def test_a_reset_lock_cannot_be_lifted_by_a_reset(doors: Doors, settings: Settings) -> None:
    lock_resets(doors, settings)
    assert doors.reset() == (403, LOCKED)
    assert closed(doors.user) == ["reset_locked_at"]
    assert doors.login(NEW_PASSWORD)[0] == 401


def test_signing_in_lifts_neither_reset_lock_nor_block(doors: Doors, settings: Settings) -> None:
    block(doors, settings)
    lock_resets(doors, settings)
    assert doors.login()[0] == 200
    assert closed(doors.user) == ["reset_locked_at", "blocked_at"]


# --- A lifted count starts at nothing ---------------------------------------------------------


def test_after_an_unlock_three_wrong_passwords_are_needed_again(doors: Doors, settings: Settings) -> None:
    lock_sign_in(doors, settings)
    unblocking.unlock_by_admin(doors.user)
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        assert doors.login(WRONG)[0] == 401
    assert doors.login(WRONG)[0] == 403


def test_after_an_unlock_three_wrong_codes_are_needed_again(doors: Doors, settings: Settings) -> None:
    lock_resets(doors, settings)
    unblocking.unlock_by_admin(doors.user)
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        assert doors.guess_code() == (400, {"error": "Invalid OTP"})
    assert doors.guess_code() == (403, LOCKED)


def test_after_a_reset_every_count_starts_at_nothing(doors: Doors, settings: Settings) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        doors.login(WRONG)
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        doors.guess_code()
    doors.reset()
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        assert doors.login(WRONG)[0] == 401
    doors.ask()
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        assert doors.guess_code() == (400, {"error": "Invalid OTP"})
    assert closed(doors.user) == []


# --- LOCK_DURATION ----------------------------------------------------------------------------


@pytest.fixture
def hour(settings: Settings) -> timedelta:
    settings.LOCK_DURATION = timedelta(hours=1)
    settings.OTP_LIFETIME = timedelta(hours=3)
    return timedelta(hours=1)


def test_a_sign_in_lock_lapses_and_its_count_starts_at_nothing(
    hour: timedelta, doors: Doors, settings: Settings
) -> None:
    lock_sign_in(doors, settings)
    doors.clock.shift(hour - timedelta(seconds=2))
    assert doors.login()[0] == 403
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        assert doors.account_locked(WRONG)[0] == 401
    assert doors.account_locked(WRONG)[0] == 403
    doors.clock.shift(hour)
    assert doors.login()[0] == 200
    assert closed(doors.user) == []


def test_a_reset_lock_lapses_and_its_count_starts_at_nothing(
    hour: timedelta, doors: Doors, settings: Settings
) -> None:
    lock_resets(doors, settings)
    doors.clock.shift(hour - timedelta(seconds=2))
    assert doors.reset() == (403, LOCKED)
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        assert doors.guess_code() == (400, {"error": "Invalid OTP"})
    assert doors.guess_code() == (403, LOCKED)
    doors.clock.shift(hour)
    assert doors.reset() == (200, RESET)
    assert closed(doors.user) == []


@pytest.mark.parametrize("door", ["login", "account_locked", "admin"])
def test_trying_again_never_lengthens_a_sign_in_lock(
    hour: timedelta, doors: Doors, settings: Settings, door: str
) -> None:
    lock_sign_in(doors, settings)
    doors.clock.shift(hour / 2)
    for password in (WRONG, PASSWORD):
        getattr(doors, door)(password)
    doors.clock.shift(hour / 2)
    assert doors.login()[0] == 200


def test_trying_again_never_lengthens_a_reset_lock(hour: timedelta, doors: Doors, settings: Settings) -> None:
    lock_resets(doors, settings)
    doors.clock.shift(hour / 2)
    assert doors.guess_code() == doors.reset() == doors.ask() == (403, LOCKED)
    doors.clock.shift(hour / 2)
    assert doors.reset() == (200, RESET)


def test_a_lock_without_a_duration_is_not_moved_either(doors: Doors, settings: Settings) -> None:
    lock_sign_in(doors, settings)
    doors.user.refresh_from_db()
    locked_at, failures = doors.user.sign_in_locked_at, doors.user.sign_in_failures
    doors.login(WRONG)
    doors.account_locked(WRONG)
    doors.user.refresh_from_db()
    assert (doors.user.sign_in_locked_at, doors.user.sign_in_failures) == (locked_at, failures)


def test_a_lapsed_lock_and_a_wrong_password_do_not_lock_again_at_once(
    hour: timedelta, doors: Doors, settings: Settings
) -> None:
    lock_sign_in(doors, settings)
    doors.clock.shift(2 * hour)
    assert doors.account_locked(WRONG) == (
        401,
        {"error": f"Invalid credentials. {settings.LOGIN_MAX_FAILURES - 1} attempts remaining."},
    )
    assert doors.account_locked() == (200, SIGNED_IN)


def test_the_duration_is_no_affair_of_the_block(hour: timedelta, doors: Doors, settings: Settings) -> None:
    block(doors, settings)
    doors.clock.shift(2 * hour)
    assert doors.ask() == (403, BLOCKED)
