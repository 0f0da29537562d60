"""Parallel requests for reset codes: exactly five resends, one block, and one unblocking of it."""

import random
from collections import Counter
from datetime import timedelta

from django.conf import settings

from userprofile.clock import now
from userprofile.mechanisms import otp
from userprofile.models import User
from userprofile.tests.races import records
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import CALLERS, Answer, Call, post

ACCEPTED = 1 + settings.OTP_MAX_RESENDS  # the first is free
BLOCKED = "Forget password attempts exceeded. Your account has been blocked."
TOO_EARLY = "24 hours have not passed since last attempt"


def asking(user: User, number: int) -> list[Call[Answer]]:
    """Requests at both endpoints in turn: each of them resends."""
    doors = ("/userprofile/forget_password/", "/userprofile/Resend_OTP/")
    return [post(doors[place % 2], {"email": user.email}) for place in range(number)]


def unblocking(user: User, number: int) -> list[Call[Answer]]:
    return [post("/userprofile/User_unblock/", {"email": user.email})] * number


def told(answers: list[Answer]) -> Counter[str]:
    return Counter(next(iter(answer.body.values())) for answer in answers)


def codes_sent(answers: list[Answer]) -> int:
    found = told(answers)
    return found["OTP sent successfully"] + found["OTP Resend successfully"]


def test_exactly_five_resends_are_accepted(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        answers = server.volley(asking(user, CALLERS))
        assert codes_sent(answers) == ACCEPTED
        assert told(answers)[BLOCKED] == CALLERS - ACCEPTED
        row, sent = records.read(user), records.mails(user, otp.PASSWORD_RESET)
        assert len(sent) == ACCEPTED
        assert row.forget_password_attempts == settings.OTP_MAX_RESENDS
        assert row.last_code_requested_at == sent[-1].created_at
        assert row.blocked_at is not None
        assert row.blocked_at >= sent[-1].created_at
        assert [mail.voided_at is None for mail in sent] == [False] * (ACCEPTED - 1) + [True]


def test_a_block_is_set_once(server: Server, rounds: range) -> None:
    """Refused requests and refused unblockings move nothing."""
    for _ in rounds:
        user = records.make_user()
        server.volley(asking(user, ACCEPTED + 1))
        before = records.read(user)
        assert before.blocked_at is not None
        answers = server.volley([*asking(user, CALLERS // 2), *unblocking(user, CALLERS // 2)])
        assert told(answers) == {BLOCKED: CALLERS // 2, TOO_EARLY: CALLERS // 2}
        columns = ("blocked_at", "last_code_requested_at", "forget_password_attempts")
        after = records.read(user)
        assert [getattr(after, name) for name in columns] == [getattr(before, name) for name in columns]


def test_one_unblocking_lifts_a_block_and_six_codes_follow_at_most(server: Server, rounds: range) -> None:
    for _ in rounds:
        user, at = records.make_user(), now()
        yesterday = at - settings.UNBLOCK_AFTER - timedelta(seconds=1)
        records.write(
            user,
            forget_password_attempts=settings.OTP_MAX_RESENDS,
            last_code_requested_at=yesterday,
            blocked_at=at - timedelta(seconds=1),
        )
        calls = [*asking(user, CALLERS - 10), *unblocking(user, 10)]
        answers = server.volley(random.sample(calls, CALLERS))
        sent, found = codes_sent(answers), told(answers)
        assert found["User unblocked successfully"] == 1
        assert found["User is not blocked"] + found[TOO_EARLY] == 10 - 1
        assert found[BLOCKED] == CALLERS - 10 - sent
        row, mails = records.read(user), records.mails(user, otp.PASSWORD_RESET)
        assert (len(mails), row.forget_password_attempts) == (sent, max(sent - 1, 0))
        assert sent <= ACCEPTED
        assert row.blocked_at is None or (sent == ACCEPTED and row.blocked_at > at)
        assert row.last_code_requested_at == (mails[-1].created_at if mails else None)
        assert len(records.live_codes(user)) == min(sent, 1)
