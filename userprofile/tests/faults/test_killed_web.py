"""Web processes killed by signal 9 in the middle of a request: all of it was done, or nothing.

A trigger of the test's own has the request wait at its last statement, or inside COMMIT itself.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connections

from userprofile.models import User
from userprofile.tests.faults import load, processes
from userprofile.tests.faults.ledger import Ledger
from userprofile.tests.races import records, server
from userprofile.tests.races.databases import ALIAS
from userprofile.tests.races.server import Server

pytestmark = pytest.mark.xdist_group("faults")

TRAP = 4711
NEW_PASSWORD = "Amber-Fjord8"
FUNCTION = f"""CREATE FUNCTION wait_in_trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared({TRAP}); RETURN NEW; END $$"""
AT_LAST_STATEMENT = "CREATE TRIGGER trap BEFORE {event} ON {table}"
IN_COMMIT = "CREATE CONSTRAINT TRIGGER trap AFTER {event} ON {table} DEFERRABLE INITIALLY DEFERRED"
POINTS = {"last statement": AT_LAST_STATEMENT, "commit": IN_COMMIT}
Call = tuple[str, dict[str, Any], str]


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What is asked, the last statement of its transaction, and a second try's answer."""

    prepare: Callable[[User, int], Call]
    event: str
    table: str
    afterwards: int = 200  # when nothing was done
    afterwards_done: int = 200  # when all was


def asking(user: User, port: int) -> Call:
    return "forget_password/", {"email": user.email}, ""


def code_of(user: User, port: int) -> str:
    path, body, _token = asking(user, port)
    load.post(port, path, body)
    return records.newest_code(user)


def confirm(user: User, code: str) -> Call:
    passwords = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    return "forget_password/", {"email": user.email, "otp_entered": code, **passwords}, ""


def wrong_code(user: User, port: int) -> Call:
    return confirm(user, records.wrong_codes(code_of(user, port), 1)[0])


def last_wrong_code(user: User, port: int) -> Call:
    records.write(user, reset_failures=2)
    return wrong_code(user, port)


def reset(user: User, port: int) -> Call:
    records.write(user, sign_in_failures=2)
    records.make_session(user)
    return confirm(user, code_of(user, port))


def sign_in(user: User, port: int) -> Call:
    records.write(user, sign_in_failures=2)
    return "login/", {"email": user.email, "password": records.PASSWORD}, ""


def wrong_password(user: User, port: int) -> Call:
    return "login/", {"email": user.email, "password": "Wrong-Guess1"}, ""


def refresh(user: User, port: int) -> Call:
    return "token/refresh/", {"refresh_token": records.make_session(user).refresh_token}, ""


def logout(user: User, port: int) -> Call:
    return "logout/", {}, records.make_session(user).access_token


MAILS, USERS, SESSIONS = "userprofile_emailslogs", "userprofile_user", "userprofile_loginactivity"
JOURNEYS = {
    "asking": Journey(prepare=asking, event="INSERT", table=MAILS),
    "wrong code": Journey(
        prepare=wrong_code, event="UPDATE", table=USERS, afterwards=400, afterwards_done=400
    ),
    "last wrong code": Journey(
        prepare=last_wrong_code, event="INSERT", table=MAILS, afterwards=403, afterwards_done=403
    ),
    "reset": Journey(prepare=reset, event="INSERT", table=MAILS, afterwards_done=400),
    "sign-in": Journey(prepare=sign_in, event="INSERT", table=SESSIONS),
    "wrong password": Journey(
        prepare=wrong_password, event="INSERT", table=SESSIONS, afterwards=401, afterwards_done=401
    ),
    "refresh": Journey(prepare=refresh, event="UPDATE", table=SESSIONS),
    "logout": Journey(prepare=logout, event="UPDATE", table=SESSIONS, afterwards_done=401),
}


@pytest.fixture(scope="module")
def web(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(FUNCTION)
    variables = {"THROTTLES": "off", "REFRESH_GRACE": "60"}
    folder = tmp_path_factory.mktemp("web")
    with server.running(database_url=postgresql_url, folder=folder, **variables) as started:
        yield started


@contextmanager
def trapped(journey: Journey, point: str) -> Iterator[None]:
    with connections[ALIAS].cursor() as cursor:
        trigger = POINTS[point].format(event=journey.event, table=journey.table)
        cursor.execute(f"{trigger} FOR EACH ROW EXECUTE FUNCTION wait_in_trap()")
        cursor.execute("SELECT pg_advisory_lock(%s)", [TRAP])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock_all()")
            cursor.execute(f"DROP TRIGGER trap ON {journey.table}")


def waiting() -> list[int]:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return [pid for (pid,) in cursor.fetchall()]


def are_gone(backends: list[int]) -> bool:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [backends])
        return bool(cursor.fetchone() == (0,))


def facts(user: User) -> dict[str, Any]:
    """What the database holds of a user, but for what differs from one user to the next."""
    row = records.read(user)
    mails = [(mail.template, bool(mail.used_at), bool(mail.voided_at)) for mail in _mails(user)]
    log = [(row.attempt_name, bool(row.logout_time), row.refresh_count) for row in records.activity(user)]
    counters = (row.sign_in_failures, row.reset_failures, row.forget_password_attempts)
    times = (
        row.sign_in_locked_at,
        row.reset_locked_at,
        row.last_code_requested_at,
        row.last_login,
        row.logout,
    )
    return {
        "is the old password": row.password == user.password,
        "counters": counters,
        "times": [moment is not None for moment in times],
        "mails": mails,
        "log": log,
    }


def _mails(user: User) -> list[Any]:
    return [
        mail
        for name in ("password_reset_code", "password_changed", "account_locked")
        for mail in records.mails(user, name)
    ]


def undisturbed(journey: Journey, web: Server) -> dict[str, Any]:
    twin = records.make_user()
    path, body, token = journey.prepare(twin, web.port)
    load.post(web.port, path, body, token)
    return facts(twin)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", JOURNEYS)
def test_killed_request_is_done_or_it_is_not(
    name: str, point: str, web: Server, rounds: range, ledger: Ledger
) -> None:
    journey = JOURNEYS[name]
    done = undisturbed(journey, web)
    for _ in rounds:
        user = records.make_user()
        path, body, token = journey.prepare(user, web.port)
        before = facts(user)
        with ledger.injected(f"web killed in {name}, at {point}") as entry:
            answer = _killed_midway(web, journey, point, (path, body, token))
            assert answer == [load.NO_ANSWER]
            # A statement by itself is its own transaction: the database ends what it has begun.
            is_done = point == "commit" or name == "refresh"
            assert facts(user) == (done if is_done else before)
            again = load.post(web.port, path, body, token)
            assert again.status == (journey.afterwards_done if is_done else journey.afterwards)
            entry.recovered(again.seconds)


def _killed_midway(web: Server, journey: Journey, point: str, call: Call) -> list[int]:
    answers: list[int] = []
    path, body, token = call
    client = threading.Thread(target=lambda: answers.append(load.post(web.port, path, body, token).status))
    with trapped(journey, point):
        client.start()
        processes.wait_until(lambda: bool(waiting()), patience=20, pause=0.01)
        backends = waiting()
        web.kill_workers()
        client.join()
    processes.wait_until(lambda: are_gone(backends), patience=20, pause=0.01)
    return answers
