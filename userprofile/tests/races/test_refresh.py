"""Parallel refreshes: one successor; and no token of a session outlives its end, whatever comes first."""

import random
import time
from collections.abc import Callable

import pytest

from userprofile.mechanisms.sessions import Tokens
from userprofile.models import LoginActivity, User
from userprofile.tests.races import records
from userprofile.tests.races.admin_form import change_user
from userprofile.tests.races.databases import ALIAS
from userprofile.tests.races.figures import Figures
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import CALLERS, Answer, Call, Caller, after, post

REFRESH = "/userprofile/token/refresh/"
SESSIONS, SHARED_BY = 6, 11  # half of the sessions have one client each, the others so many
CHAIN = 12  # refreshes of a client that always uses its newest token
Ends = list[Call[list[Answer]]]


def single(call: Call[Answer]) -> Call[list[Answer]]:
    return lambda caller: [call(caller)]


def refresh(tokens: Tokens) -> Call[list[Answer]]:
    return single(post(REFRESH, {"refresh_token": tokens.refresh_token}))


def keep_refreshing(tokens: Tokens, *, for_seconds: float) -> Call[list[Answer]]:
    """A client that exchanges its newest token again and again, until it is refused."""

    def chain(caller: Caller) -> list[Answer]:
        answers = refresh(tokens)(caller)
        while answers[-1].status == 200 and len(answers) < CHAIN:
            time.sleep(random.random() * 2 * for_seconds / CHAIN)
            answers += refresh(Tokens(**answers[-1].body))(caller)
        return answers

    return chain


def issued(results: list[list[Answer]]) -> set[Tokens]:
    return {Tokens(**answer.body) for answers in results for answer in answers if answer.status == 200}


def session_of(user: User) -> LoginActivity:
    return LoginActivity.objects.using(ALIAS).get(user=user)


def try_out(user: User, tokens: Tokens) -> Call[set[int]]:
    """The answers to all that tokens can be used for."""
    bearer = f"Bearer {tokens.access_token}"

    def use(caller: Caller) -> set[int]:
        seen = caller.get(f"/userprofile/User_update/{user.pk}/", Authorization=bearer)
        refreshed = caller.post(REFRESH, {"refresh_token": tokens.refresh_token})
        left = caller.post("/userprofile/logout/", Authorization=bearer)
        return {seen.status, refreshed.status, left.status}

    return use


def assert_nothing_works(server: Server, user: User, tokens: set[Tokens]) -> None:
    assert records.open_sessions(user) == 0
    assert server.volley(try_out(user, pair) for pair in tokens) == [{401}] * len(tokens)


def test_parallel_refreshes_have_one_successor(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        first = records.make_session(user)
        results = server.volley([refresh(first)] * CALLERS)
        assert [answer.status for [answer] in results] == [200] * CALLERS
        [successor] = issued(results)
        assert session_of(user).refresh_count == 1
        assert try_out(user, successor)(server.callers.first) == {200}
        assert session_of(user).refresh_count == 2


def test_parallel_refreshes_past_the_grace_end_the_session(
    server: Server, strict_server: Server, rounds: range
) -> None:
    for _ in rounds:
        user = records.make_user()
        first = records.make_session(user)
        results = strict_server.volley([refresh(first)] * CALLERS)
        [successor] = issued(results)
        assert {answer.status for [answer] in results} == {200, 401}
        assert session_of(user).refresh_count == 1
        assert_nothing_works(server, user, {first, successor})


def test_one_of_parallel_logouts_ends_the_session(server: Server, rounds: range) -> None:
    for _ in rounds:
        user = records.make_user()
        first = records.make_session(user)
        bearer = f"Bearer {first.access_token}"
        answers = server.volley([post("/userprofile/logout/", Authorization=bearer)] * CALLERS)
        assert sorted(answer.status for answer in answers) == [200] + [401] * (CALLERS - 1)
        assert session_of(user).logout_time == records.read(user).logout
        assert_nothing_works(server, user, {first})


def by_logout(server: Server, user: User, sessions: list[Tokens], code: str) -> Ends:
    bearers = [f"Bearer {tokens.access_token}" for tokens in sessions]
    return [single(post("/userprofile/logout/", Authorization=bearer)) for bearer in bearers]


def by_reset(server: Server, user: User, sessions: list[Tokens], code: str) -> Ends:
    body = {"email": user.email, "otp_entered": code, "new_password": "Amber-Fjord8"}
    return [single(post("/userprofile/forget_password/", {**body, "confirm_password": "Amber-Fjord8"}))]


def by_deactivation(server: Server, user: User, sessions: list[Tokens], code: str) -> Ends:
    return [single(change_user(server, user, is_active=None))]


def by_all_at_once(server: Server, user: User, sessions: list[Tokens], code: str) -> Ends:
    """Each of them locks the user and the sessions: in opposite orders they would deadlock."""
    ways = (by_logout, by_reset, by_deactivation)
    return [call for end in ways for call in end(server, user, sessions, code)]


@pytest.mark.parametrize(
    ("end", "seconds"),
    [(by_logout, 0.2), (by_reset, 0.8), (by_deactivation, 0.2), (by_all_at_once, 0.8)],
    ids=["logout", "reset", "deactivation", "all"],
)
@pytest.mark.parametrize("grace", ["within", "past"])
def test_no_token_works_once_its_session_has_ended(
    servers: dict[str, Server],
    rounds: range,
    reset_code: Callable[[User], str],
    end: Callable[[Server, User, list[Tokens], str], Ends],
    seconds: float,
    grace: str,
    figures: Figures,
) -> None:
    """Clients in a chain, and clients that share a token, against the end of their sessions.

    The refreshes go on for `seconds`, about twice as long as the end takes: either may come first.
    """
    server = servers["usual"]
    for _ in rounds:
        user = records.make_user()
        sessions = [records.make_session(user) for _ in range(SESSIONS)]
        chained, shared = sessions[: SESSIONS // 2], sessions[SESSIONS // 2 :]
        calls = [keep_refreshing(tokens, for_seconds=seconds) for tokens in chained]
        calls += [after(random.random() * seconds, refresh(tokens)) for tokens in shared * SHARED_BY]
        ends = end(server, user, sessions, reset_code(user))
        calls += [after(random.random() * seconds / 3, call) for call in ends]
        results = servers["usual" if grace == "within" else "strict"].volley(calls)
        refreshes, ended = results[: -len(ends)], results[-len(ends) :]
        if len(ends) == 1 or (grace == "within" and end is by_logout):  # else another end may come first
            assert {answer.status for [answer] in ended} <= {200, 302}
        records.write(user, is_active=True)
        assert_nothing_works(server, user, {*sessions, *issued(refreshes)})
        for status in (answer.status for answers in refreshes for answer in answers):
            figures.count(f"refreshes, the session ended {end.__name__} ({grace} the grace)", str(status))
