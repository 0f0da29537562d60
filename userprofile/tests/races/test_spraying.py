"""Spraying under parallel requests: distinct accounts are counted exactly, and the alarm rings once."""

import itertools
import random
import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from userprofile.client import network_of
from userprofile.models import ThrottleCounter
from userprofile.tests.races import records
from userprofile.tests.races.databases import ALIAS
from userprofile.tests.races.server import Server, running
from userprofile.tests.races.volley import CALLERS, Answer, Call, post

LIMIT, ALARM = 20, 70
DOORS = ("/userprofile/login/", "/userprofile/account_locked/")
VARIABLES = {
    "TRUSTED_PROXIES": "1",
    "THROTTLES": "on",
    "THROTTLE_SIGN_IN": "100000/min",
    "THROTTLE_SPRAY": f"{LIMIT}/day",
    "SIGN_IN_FAILURES_ALARM": f"{ALARM}/day",
}


@pytest.fixture(scope="module")
def sprayed(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server that twenty accounts a day close to a network, and its log."""
    folder = tmp_path_factory.mktemp("sprayed")
    with running(database_url=database_url, folder=folder, **VARIABLES) as server:
        yield server, next(folder.glob("*.log"))


def new_network() -> str:
    return f"2001:db8:{secrets.randbits(16):x}:{secrets.randbits(16):x}::1"


def nobody() -> str:
    return f"{secrets.token_hex(8)}@example.com"


def guess(email: str, network: str, password: str = "wrong") -> Call[Answer]:
    body = {"email": email, "password": password, "Password": password}
    return post(random.choice(DOORS), body, X_Forwarded_For=network)


def statuses(answers: list[Answer]) -> Counter[int]:
    for answer in answers:
        assert (answer.status == 429) is ("Retry-After" in answer.headers)
    return Counter(answer.status for answer in answers)


def test_exactly_the_allowed_accounts_are_failed_however_many_are_tried_at_once(
    sprayed: tuple[Server, Path], rounds: range
) -> None:
    server, log = sprayed
    for _ in rounds:
        network, users = new_network(), [records.make_user().email for _ in range(10)]
        emails = users + [nobody() for _ in range(CALLERS - len(users))]
        found = statuses(server.volley(guess(email, network) for email in random.sample(emails, CALLERS)))
        assert found[401] + found[404] == LIMIT
        assert found[429] == CALLERS - LIMIT
        late = server.post(DOORS[0], {"email": users[0], "password": "wrong"}, X_Forwarded_For=network)
        assert late.status == 429
        told = f"kind=spraying network={network_of(network)} accounts={LIMIT + 1} seconds=86400"
        assert len([line for line in log.read_text().splitlines() if told in line]) == 1


def test_one_account_counts_once_however_many_guesses_meet(
    sprayed: tuple[Server, Path], rounds: range
) -> None:
    server, _ = sprayed
    for _ in rounds:
        network, emails = new_network(), [records.make_user().email, nobody(), nobody()]
        calls = [guess(email, network) for email in emails * (CALLERS // 3)]
        assert statuses(server.volley(random.sample(calls, len(calls))))[429] == 0
        further = [guess(nobody(), network) for _ in range(LIMIT - 3)]
        assert statuses(server.volley(further))[429] == 0
        assert statuses(server.volley([guess(nobody(), network)])) == {429: 1}


def test_accounts_and_networks_crosswise_never_deadlock(sprayed: tuple[Server, Path], rounds: range) -> None:
    server, _ = sprayed
    for _ in rounds:
        emails, networks = [records.make_user().email, nobody(), nobody()], [new_network() for _ in range(4)]
        crossed = [guess(email, network) for email, network in itertools.product(emails, networks)] * 4
        found = statuses(server.volley(random.sample(crossed, len(crossed))))
        assert found[429] == 0
        assert sum(found.values()) == len(crossed)


def test_the_alarm_rings_once_over_all_processes(sprayed: tuple[Server, Path]) -> None:
    server, log = sprayed
    for _ in range(2 * ALARM // CALLERS + 1):
        server.volley(guess(nobody(), new_network()) for _ in range(CALLERS))
    failures = max(ThrottleCounter.objects.using(ALIAS).values_list("requests", flat=True))
    assert failures > 2 * ALARM
    lines = [line for line in log.read_text().splitlines() if "kind=sign_in_failures" in line]
    assert len(lines) == 1
    assert "WARNING" in lines[0]
    assert f"failures={ALARM} seconds=86400" in lines[0]
