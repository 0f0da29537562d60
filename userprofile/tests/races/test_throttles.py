"""Throttle limits under parallel requests: exactly so many pass, and the counter holds every one."""

import itertools
import random
import secrets
from collections import Counter

from django.conf import settings

from userprofile.client import network_of
from userprofile.mechanisms import counters
from userprofile.models import ThrottleCounter
from userprofile.tests.races import records
from userprofile.tests.races.databases import ALIAS
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import CALLERS, Answer, post


def new_address() -> str:
    """In an IPv6 network that nobody else calls from."""
    return f"2001:db8:{secrets.randbits(16):x}:{secrets.randbits(16):x}::1"


def statuses(answers: list[Answer]) -> Counter[int]:
    for answer in answers:
        if answer.status == 429:
            assert int(answer.headers["Retry-After"]) > 0
    return Counter(answer.status for answer in answers)


def counted(*keys: str) -> list[int]:
    return [ThrottleCounter.objects.using(ALIAS).get(key=counters.stored(key)).requests for key in keys]


def test_exactly_the_allowed_sign_ins_pass_through_both_doors(strict_server: Server, rounds: range) -> None:
    allowed, _ = settings.THROTTLE_SIGN_IN
    for _ in rounds:
        address = new_address()
        nobody = {"email": f"{secrets.token_hex(8)}@example.com", "password": "wrong", "Password": "wrong"}
        doors = ("/userprofile/login/", "/userprofile/account_locked/")
        answers = strict_server.volley(
            post(doors[place % 2], nobody, X_Forwarded_For=address) for place in range(CALLERS)
        )
        found = statuses(answers)
        assert found[401] + found[404] == allowed
        assert found[429] == CALLERS - allowed
        assert counted(f"sign_in:{network_of(address)}") == [CALLERS]


def test_exactly_the_allowed_codes_are_judged(strict_server: Server, rounds: range) -> None:
    allowed, _ = settings.THROTTLE_CODES
    for _ in rounds:
        address = new_address()
        nobody = {"email": f"{secrets.token_hex(8)}@example.com", "otp": "123456"}
        call = post("/userprofile/Email-Validation/", nobody, X_Forwarded_For=address)
        found: Counter[int] = Counter()
        while found.total() <= allowed:
            found += statuses(strict_server.volley([call] * CALLERS))
        assert found == {404: allowed, 429: found.total() - allowed}
        assert counted(f"codes:{network_of(address)}") == [found.total()]


def test_exactly_the_allowed_mails_go_to_one_address_wherever_they_are_asked_for(
    strict_server: Server, rounds: range
) -> None:
    allowed, _ = settings.THROTTLE_MAIL
    for _ in rounds:
        user = records.make_user()
        doors = ("/userprofile/forget_password/", "/userprofile/Resend_OTP/", "/userprofile/Generate_OTP/")
        spellings = (user.email, user.email.upper(), f" {user.email}")
        answers = strict_server.volley(
            post(doors[place % 3], {"email": spellings[place % 2]}, X_Forwarded_For=new_address())
            for place in range(CALLERS)
        )
        found = statuses(answers)
        assert found[200] + found[403] == allowed
        assert found[429] == CALLERS - allowed
        assert counted(f"mail:{user.email}") == [CALLERS]
        sent = records.mails(user, "password_reset_code") + records.mails(user, "email_validation_code")
        assert len(sent) == found[200]


def test_requests_that_share_their_counters_crosswise_never_deadlock(
    strict_server: Server, rounds: range
) -> None:
    for _ in rounds:
        users = [records.make_user() for _ in range(3)]
        addresses = [new_address() for _ in range(3)]
        crossed = itertools.product(users, addresses)
        calls = [
            post("/userprofile/Generate_OTP/", {"email": user.email}, X_Forwarded_For=address)
            for user, address in crossed
        ]
        answers = strict_server.volley(random.sample(calls * 5, len(calls) * 5))
        allowed, _ = settings.THROTTLE_MAIL
        assert statuses(answers) == {200: 3 * allowed, 429: len(answers) - 3 * allowed}
        assert counted(*(f"mail:{user.email}" for user in users)) == [15] * 3
        assert counted(*(f"codes:{network_of(address)}" for address in addresses)) == [15] * 3
