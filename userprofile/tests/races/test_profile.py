"""Parallel changes of details: one user gets an address, and no counter is ever written over."""

import random
from collections import Counter

import pytest
from django.conf import settings
from django.db.models import Q

from userprofile.models import User
from userprofile.tests.races import records
from userprofile.tests.races.admin_form import change_user
from userprofile.tests.races.databases import ALIAS
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import CALLERS, Answer, Call, post

PAIRS = CALLERS // 2


def change(user: User, **details: str) -> Call[Answer]:
    token = f"Bearer {records.make_session(user).access_token}"
    return post(f"/userprofile/User_update/{user.pk}/", details, Authorization=token)


def claim(user: User, name: str, address: str) -> Call[Answer]:
    return change(user, **{name: address})


def test_of_two_users_who_claim_one_address_one_gets_it(server: Server, rounds: range) -> None:
    for _ in rounds:
        pairs = [(records.make_user(), records.make_user()) for _ in range(PAIRS)]
        wanted = [f"Wanted-{first.email}" for first, _ in pairs]
        calls = [
            change(user, email=address if user is pair[0] else address.lower())
            for pair, address in zip(pairs, wanted, strict=True)
            for user in pair
        ]
        answers = server.volley(calls)
        for number, pair in enumerate(pairs):
            both = answers[2 * number : 2 * number + 2]
            assert sorted(answer.status for answer in both) == [200, 400], both
            [refused] = [answer.body["details"] for answer in both if answer.status == 400]
            assert refused == {"email": ["A user with that email already exists."]}
            told = [len(records.mails(user, "email_changed")) for user in pair]
            assert told == [2 if answer.status == 200 else 0 for answer in both]


@pytest.mark.parametrize("name", ["email", "username"])
def test_of_fifty_users_who_claim_one_name_one_gets_it(server: Server, rounds: range, name: str) -> None:
    for _ in rounds:
        users = [records.make_user() for _ in range(CALLERS)]
        wanted = f"wanted-{users[0].email}"
        answers = server.volley([claim(user, name, wanted) for user in users])
        assert Counter(answer.status for answer in answers) == {200: 1, 400: CALLERS - 1}
        assert User.objects.using(ALIAS).filter(**{name: wanted}).count() == 1


def test_no_username_becomes_the_address_of_another_user(server: Server, rounds: range) -> None:
    for _ in rounds:
        pairs = [(records.make_user(), records.make_user()) for _ in range(PAIRS)]
        wanted = [f"wanted-{first.email}" for first, _ in pairs]
        server.volley(
            claim(user, name, address)
            for pair, address in zip(pairs, wanted, strict=True)
            for user, name in zip(pair, random.sample(["email", "username"], 2), strict=True)
        )
        for address in wanted:
            owners = User.objects.using(ALIAS).filter(Q(email_canonical=address) | Q(username=address))
            assert owners.count() == 1


def attacks(user: User) -> list[Call[Answer]]:
    """What moves every counter: wrong passwords, wrong codes, resends."""
    email = {"email": user.email}
    reset = {"otp_entered": "000000", "new_password": "Amber-Fjord8", "confirm_password": "Amber-Fjord8"}
    return [
        *[post("/userprofile/login/", {**email, "password": "wrong"})] * 10,
        *[post("/userprofile/Resend_OTP/", email)] * 10,
        *[post("/userprofile/forget_password/", {**email, **reset})] * 2,
    ]


def assert_counters(user: User) -> None:
    row = records.read(user)
    assert row.sign_in_failures == settings.LOGIN_MAX_FAILURES
    assert row.sign_in_locked_at is not None
    assert row.forget_password_attempts == settings.OTP_MAX_RESENDS
    assert row.blocked_at is not None


def test_a_profile_update_never_overwrites_a_counter(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        updates = [change(user, first_name=f"Kim {number}") for number in range(20)]
        calls = [*updates, *attacks(user)]
        answers = server.volley(random.sample(calls, len(calls)))
        assert [answer.status for answer in answers].count(200) == len(updates) + 1 + settings.OTP_MAX_RESENDS
        assert records.read(user).first_name.startswith("Kim ")
        assert_counters(user)


def test_the_admins_page_of_a_user_never_overwrites_a_counter(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        saves = [change_user(server, user, first_name=f"Kim {number}") for number in range(3)]
        calls = [*saves, *attacks(user)]
        answers = server.volley(random.sample(calls, len(calls)))
        assert [answer.status for answer in answers].count(302) == len(saves)
        assert records.read(user).first_name.startswith("Kim ")
        assert_counters(user)
