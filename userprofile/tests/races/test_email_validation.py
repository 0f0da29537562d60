"""Validation codes under parallel entries: the third wrong one kills the code, and only the code."""

import random
from collections import Counter

import pytest
from django.conf import settings

from userprofile.mechanisms import otp
from userprofile.models import User
from userprofile.tests.races import records
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import CALLERS, Answer, Call, post

FAILURES = settings.OTP_MAX_FAILURES
DONE = "Email validated successfully"
INVALID = "Invalid OTP"
EXCEEDED = "OTP attempts exceeded. Request a new OTP."
DOORS = ("/userprofile/Email-Validation/", "/userprofile/Generate_OTP/")


def validation_code(server: Server, user: User) -> str:
    assert server.post("/userprofile/Generate_OTP/", {"email": user.email}).status == 200
    return records.newest_code(user, otp.EMAIL_VALIDATION)


def enter(user: User, codes: list[str]) -> list[Call[Answer]]:
    return [post(DOORS[place % 2], {"email": user.email, "otp": code}) for place, code in enumerate(codes)]


def told(answers: list[Answer]) -> Counter[str]:
    return Counter(next(iter(answer.body.values())) for answer in answers)


def outcome(user: User) -> tuple[bool, int, bool]:
    """Is the address verified, how many failures did the code count, is it used?"""
    code = records.mails(user, otp.EMAIL_VALIDATION)[-1]
    return records.read(user).is_email_verified, code.failures, code.used_at is not None


def test_the_third_wrong_code_kills_the_code_and_locks_nothing(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        code = validation_code(server, user)
        answers = server.volley(enter(user, records.wrong_codes(code, CALLERS)))
        assert told(answers) == {INVALID: FAILURES - 1, EXCEEDED: CALLERS - FAILURES + 1}
        assert outcome(user) == (False, FAILURES, False)
        row = records.read(user)
        assert (row.sign_in_locked_at, row.reset_locked_at, row.reset_failures) == (None, None, 0)


def test_one_of_fifty_right_entries_spends_the_code(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        answers = server.volley(enter(user, [validation_code(server, user)] * CALLERS))
        assert told(answers) == {DONE: 1, "OTP is already used": CALLERS - 1}
        assert outcome(user) == (True, 0, True)


@pytest.mark.parametrize("wrong", [FAILURES, CALLERS // 2])
def test_a_code_is_either_spent_or_killed(server: Server, rounds: range, wrong: int) -> None:
    for _ in rounds:
        user = records.make_user()
        code = validation_code(server, user)
        codes = [*records.wrong_codes(code, wrong), *[code] * (CALLERS - wrong)]
        found = told(server.volley(enter(user, random.sample(codes, CALLERS))))
        verified, failures, used = outcome(user)
        assert verified is used is (found[DONE] == 1)
        assert verified is (failures < FAILURES)
        assert found[EXCEEDED] == (0 if verified else CALLERS - FAILURES + 1)


def test_a_code_for_the_old_address_never_verifies_the_new_one(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        entries = enter(user, [validation_code(server, user)] * (CALLERS // 2))
        token = f"Bearer {records.make_session(user).access_token}"
        address = {"email": f"new-{user.email}"}
        change = post(f"/userprofile/User_update/{user.pk}/", address, Authorization=token)
        answers = server.volley(random.sample([*entries, change], len(entries) + 1))
        assert told(answers)["User details updated successfully"] == 1
        row = records.read(user)
        assert (row.email, row.is_email_verified) == (address["email"], False)
