"""Reset codes under parallel entries: exactly three count, and one opens."""

import random
from collections import Counter
from collections.abc import Callable

import pytest
from django.conf import settings

from userprofile.mechanisms import otp
from userprofile.models import User
from userprofile.tests.races import records
from userprofile.tests.races.figures import Figures
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import CALLERS, Answer, Call, after, post

ResetCode = Callable[[User], str]
FAILURES = settings.OTP_MAX_FAILURES
RIGHT = 8  # enough to overtake the wrong ones now and then: each hashes three times
SPREAD = 1.5  # seconds over which the wrong ones come in, most of them early
INVALID = (400, "Invalid OTP")
LOCKED = (403, "Account locked. Contact admin.")
USED = (400, "OTP is already used")
RESENT = (200, "OTP Resend successfully")
DONE = (200, "Password reset successfully")


def reset(user: User, code: str, password: str = "Amber-Fjord8") -> Call[Answer]:
    body = {"email": user.email, "otp_entered": code}
    return post(
        "/userprofile/forget_password/", {**body, "new_password": password, "confirm_password": password}
    )


def told(answers: list[Answer]) -> Counter[tuple[int, str]]:
    """How many callers got which answer."""
    return Counter((answer.status, *answer.body.values()) for answer in answers)


def used_codes(user: User) -> int:
    return sum(mail.used_at is not None for mail in records.mails(user, otp.PASSWORD_RESET))


def assert_locked(user: User) -> None:
    row = records.read(user)
    assert row.reset_failures == FAILURES
    assert row.reset_locked_at is not None
    assert row.password == user.password
    assert used_codes(user) == 0
    assert len(records.mails(user, "account_locked")) == 1
    assert records.mails(user, "password_changed") == []


def assert_reset(user: User) -> None:
    row = records.read(user)
    assert row.password != user.password
    assert (row.reset_failures, row.reset_locked_at) == (0, None)
    assert (row.forget_password_attempts, row.last_code_requested_at, row.blocked_at) == (0, None, None)
    assert used_codes(user) == 1
    assert records.live_codes(user) == []
    assert records.mails(user, "account_locked") == []
    assert len(records.mails(user, "password_changed")) == 1


def test_exactly_three_wrong_codes_are_counted(server: Server, rounds: range, reset_code: ResetCode) -> None:
    for _ in rounds:
        user = records.make_user()
        code = reset_code(user)
        answers = server.volley([reset(user, wrong) for wrong in records.wrong_codes(code, CALLERS)])
        assert told(answers) == {INVALID: FAILURES - 1, LOCKED: CALLERS - FAILURES + 1}
        assert_locked(user)


def test_new_codes_in_between_start_no_new_count(
    server: Server, rounds: range, reset_code: ResetCode
) -> None:
    for _ in rounds:
        user = records.make_user()
        guesses = [reset(user, wrong) for wrong in records.wrong_codes(reset_code(user), CALLERS - 4)]
        resends = [post("/userprofile/Resend_OTP/", {"email": user.email})] * 4
        found = told(server.volley(random.sample([*guesses, *resends], CALLERS)))
        sent = found.pop(RESENT, 0)
        assert found == {INVALID: FAILURES - 1, LOCKED: CALLERS - sent - FAILURES + 1}
        assert records.read(user).forget_password_attempts == sent
        assert_locked(user)


def test_fifty_callers_with_the_right_code_set_one_password(
    server: Server, rounds: range, reset_code: ResetCode
) -> None:
    for _ in rounds:
        user = records.make_user()
        code = reset_code(user)
        passwords = [f"Amber-Fjord{number}" for number in range(CALLERS)]
        answers = server.volley([reset(user, code, password) for password in passwords])
        assert told(answers) == {DONE: 1, USED: CALLERS - 1}
        winner = [answer.status for answer in answers].index(200)
        assert records.read(user).check_password(passwords[winner])
        assert_reset(user)


@pytest.mark.parametrize("wrong", [FAILURES - 1, FAILURES, CALLERS - RIGHT])
def test_a_volley_either_resets_or_locks_and_never_does_both(
    server: Server, rounds: range, reset_code: ResetCode, wrong: int, figures: Figures
) -> None:
    for _ in rounds:
        user = records.make_user()
        code = reset_code(user)
        guesses = [reset(user, other) for other in records.wrong_codes(code, wrong)]
        late = [after(random.random() ** 3 * SPREAD, guess) for guess in guesses]
        found = told(server.volley(random.sample([*late, *[reset(user, code)] * RIGHT], wrong + RIGHT)))
        assert found[DONE] <= 1
        if found[DONE]:
            assert found[LOCKED] == 0
            assert_reset(user)
        else:
            assert wrong >= FAILURES
            assert_locked(user)
        figures.count(f"right codes among {wrong} wrong ones", "resets" if found[DONE] else "locks")
