"""What the races run on: each database in turn, two servers on it, RACE_ROUNDS rounds.

After every test the servers' logs are searched for faults that no answer has shown.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from userprofile.models import User
from userprofile.tests.races import databases, records
from userprofile.tests.races.figures import Figures
from userprofile.tests.races.server import Server, running

ROUNDS = int(os.environ.get("RACE_ROUNDS", "1"))
NODES = {  # both behind a proxy, so that a caller may come from any address
    "usual": {"TRUSTED_PROXIES": "1", "THROTTLES": "off", "MAIL_WORKER": "thread"},
    "strict": {"TRUSTED_PROXIES": "1", "THROTTLES": "on", "REFRESH_GRACE": "0"},
}
_figures: list[Figures] = []


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.race)
            item.add_marker(pytest.mark.own_databases)
            item.add_marker(pytest.mark.xdist_group("races"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _figures:
        terminalreporter.section("races")
        terminalreporter.write("\n".join(line for figures in _figures for line in figures.lines()) + "\n")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[str]:
    """No test here may ask pytest-django for a database: these have one that outlives the test."""
    folder = tmp_path_factory.mktemp("races")
    with django_db_blocker.unblock(), databases.made(request.param, folder) as url:
        yield url


@pytest.fixture(scope="session")
def servers(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    folder = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running(database_url=database_url, folder=folder, **variables))
            for name, variables in NODES.items()
        }


@pytest.fixture
def server(servers: dict[str, Server]) -> Server:
    """Without throttles, with the usual grace."""
    return servers["usual"]


@pytest.fixture
def strict_server(servers: dict[str, Server]) -> Server:
    """With throttles, without a grace."""
    return servers["strict"]


@pytest.fixture(scope="session")
def figures(database_url: str) -> Figures:
    _figures.append(Figures(database_url.partition(":")[0]))
    return _figures[-1]


@pytest.fixture(autouse=True)
def _quiet_log(servers: dict[str, Server], figures: Figures) -> Iterator[None]:
    """No deadlock, no "database is locked", no 500 in any round."""
    before = {name: len(server.complaints()) for name, server in servers.items()}
    requests, begun_at = sum(server.callers.requests for server in servers.values()), time.monotonic()
    yield
    figures.requests += sum(server.callers.requests for server in servers.values()) - requests
    figures.seconds += time.monotonic() - begun_at
    complaints = {name: server.complaints()[before[name] :] for name, server in servers.items()}
    assert complaints == {name: [] for name in servers}


@pytest.fixture
def rounds(figures: Figures) -> range:
    figures.rounds += ROUNDS
    return range(ROUNDS)


@pytest.fixture
def reset_code(server: Server) -> Callable[[User], str]:
    """`reset_code(user)`: ask for a reset code and read it in the mail."""

    def ask(user: User) -> str:
        answer = server.post("/userprofile/forget_password/", {"email": user.email})
        assert answer.status == 200, answer
        return records.newest_code(user)

    return ask
