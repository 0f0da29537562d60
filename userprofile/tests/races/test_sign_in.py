"""Parallel sign-ins: a volley of guesses is worth three of them, and honest callers all come in."""

import itertools
import math
import random

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from userprofile.mechanisms import accounts
from userprofile.models import Decoy, LoginActivity, User
from userprofile.tests.races import records
from userprofile.tests.races.databases import ALIAS
from userprofile.tests.races.figures import Figures
from userprofile.tests.races.records import PASSWORD
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import CALLERS, Answer, Call, post

FAILURES = settings.LOGIN_MAX_FAILURES
HONEST = 20
RIGHT = 5
DOORS = {"/userprofile/login/": "password", "/userprofile/account_locked/": "Password"}
STATUS = {"login_success": 200, "login_failed": 401, "login_locked": 403}


def sign_in(user: User, password: str, *, door: str = "/userprofile/login/", agent: str = "") -> Call[Answer]:
    return post(door, {"email": user.email, DOORS[door]: password}, User_Agent=agent)


def guesses(user: User, *, right: int) -> list[Call[Answer]]:
    """A volley through both doors, in any order; each caller's user agent tells what it brought."""
    offers = ["right"] * right + ["wrong"] * (CALLERS - right)
    passwords = {"right": PASSWORD, "wrong": "Copper-Harbor9"}
    return [
        sign_in(user, passwords[offer], door=door, agent=f"{number} {offer}")
        for number, (offer, door) in enumerate(
            zip(random.sample(offers, CALLERS), itertools.cycle(DOORS), strict=False)
        )
    ]


def as_if_one_by_one(rows: list[LoginActivity]) -> list[str]:
    """What each attempt would have come to, had they come singly in the order of the log."""
    failures, outcomes = 0, []
    for row in rows:
        if failures == FAILURES:
            outcomes.append("login_locked")
            continue
        failures = 0 if row.user_agent.endswith("right") else failures + 1
        outcomes.append({0: "login_success", FAILURES: "login_locked"}.get(failures, "login_failed"))
    return outcomes


def assert_serial(user: User, answers: list[Answer]) -> list[LoginActivity]:
    """The log holds every attempt, as if they had come singly, and each caller was told its own."""
    rows = records.activity(user)
    assert [row.attempt_name for row in rows] == as_if_one_by_one(rows)
    found = {int(row.user_agent.split()[0]): STATUS[row.attempt_name] for row in rows}
    assert found == dict(enumerate(answer.status for answer in answers))
    return rows


def assert_locked(user: User, rows: list[LoginActivity]) -> None:
    row = records.read(user)
    third = next(row for row in rows if row.attempt_name == "login_locked")
    assert (row.sign_in_failures, row.sign_in_locked_at) == (FAILURES, third.created_at)
    assert len(records.mails(user, "account_locked")) == 1


def test_the_third_wrong_password_closes_the_door_for_all_recorded_later(
    server: Server, rounds: range
) -> None:
    for _ in rounds:
        user = records.make_user()
        answers = server.volley(guesses(user, right=0))
        assert_locked(user, assert_serial(user, answers))
        assert records.open_sessions(user) == 0


@pytest.mark.parametrize("right", [RIGHT, CALLERS // 2])
def test_right_guesses_among_wrong_ones_have_their_turn_and_no_more(
    server: Server, rounds: range, right: int, figures: Figures
) -> None:
    """How often a right one is recorded before a wrong one, all pairs taken, is chance."""
    sooner, pairs = 0, right * (CALLERS - right)
    for _ in rounds:
        user = records.make_user()
        rows = assert_serial(user, server.volley(guesses(user, right=right)))
        if any(row.attempt_name == "login_locked" for row in rows):
            assert_locked(user, rows)
        opened = [row for row in rows if row.attempt_name == "login_success"]
        assert records.open_sessions(user) == len(opened)
        figures.count(f"{right} right guesses among {CALLERS}", "opened a session", len(opened))
        offers = [row.user_agent.split()[1] for row in rows]
        sooner += sum(offers[place:].count("wrong") for place, offer in enumerate(offers) if offer == "right")
    deviation = math.sqrt(pairs * (CALLERS + 1) / 12 * len(rounds))
    assert sooner <= pairs * len(rounds) / 2 + 4 * deviation


def test_a_volley_is_worth_three_guesses(server: Server, rounds: range, figures: Figures) -> None:
    """Told apart from seventeen, say, only by many rounds: the bound is four standard deviations away."""
    opened = 0
    for _ in rounds:
        user = records.make_user()
        assert_serial(user, server.volley(guesses(user, right=1)))
        opened += records.open_sessions(user)
    figures.count(f"one right guess among {CALLERS}", "opened a session", opened)
    figures.count(f"one right guess among {CALLERS}", "did not", len(rounds) - opened)
    chance = FAILURES / CALLERS
    assert opened <= len(rounds) * chance + 4 * math.sqrt(len(rounds) * chance * (1 - chance)) + 1


def test_honest_parallel_sign_ins_all_succeed(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        honest = [sign_in(user, PASSWORD, door=door) for door in DOORS for _ in range(HONEST // 2)]
        mistyped = [sign_in(user, "Violet-kite7")] * (FAILURES - 1)
        answers = server.volley([*honest, *mistyped])
        assert [answer.status for answer in answers] == [200] * HONEST + [401] * (FAILURES - 1)
        assert records.open_sessions(user) == HONEST
        newest = [row for row in records.activity(user) if row.attempt_name == "login_success"][-1]
        assert records.read(user).last_login == newest.created_at
        assert records.read(user).sign_in_locked_at is None


def test_honest_parallel_sign_ins_all_succeed_while_an_old_hash_is_replaced(
    server: Server, rounds: range
) -> None:
    for _ in rounds:
        old_hash = PBKDF2PasswordHasher().encode(PASSWORD, "saltsaltsaltsaltsaltsa", iterations=1000)
        user = records.make_user(password=old_hash, is_staff=True, is_superuser=True)
        honest = [sign_in(user, PASSWORD, door=door) for door in DOORS for _ in range(HONEST // 2)]
        answers = server.volley(honest)
        assert [answer.status for answer in answers] == [200] * HONEST
        row = records.read(user)
        assert (row.sign_in_failures, records.open_sessions(user)) == (0, HONEST)
        assert row.password.startswith("argon2$")
        cookies = [answer.headers["Set-Cookie"].split(";")[0] for answer in answers[HONEST // 2 :]]
        pages = [server.get(f"/{settings.ADMIN_PATH}", Cookie=cookie) for cookie in cookies]
        assert [page.status for page in pages] == [200] * len(cookies)


def test_guesses_at_an_address_that_nobody_has_are_answered_alike(server: Server, rounds: range) -> None:
    for _ in rounds:
        nobody = User(email=f"nobody{random.getrandbits(64)}@example.com")
        answers = server.volley([sign_in(nobody, PASSWORD)] * HONEST)
        assert [answer.status for answer in answers] == [401] * HONEST
        assert LoginActivity.objects.using(ALIAS).filter(email=nobody.email).count() == HONEST
        decoy = Decoy.objects.using(ALIAS).get(bucket=accounts.decoy_for(nobody.email).bucket)
        assert decoy.sign_in_failures == FAILURES
