"""What the faults are injected into; FAULT_ROUNDS says how often each."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from userprofile.tests.faults import clusters
from userprofile.tests.faults.clusters import Cluster
from userprofile.tests.faults.ledger import LEDGER, Ledger
from userprofile.tests.races import databases

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lines := LEDGER.lines():
        terminalreporter.section("faults")
        terminalreporter.write("\n".join(lines) + "\n")


@pytest.fixture
def rounds() -> range:
    return range(ROUNDS)


@pytest.fixture
def ledger() -> Ledger:
    return LEDGER


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with clusters.made() as found:
        yield found


@pytest.fixture(scope="module")
def postgresql_url(cluster: Cluster, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A migrated database of the module's own, on a server that may be stopped."""
    with cluster.connect() as connection:
        connection.execute("DROP DATABASE IF EXISTS faults WITH (FORCE)")
        connection.execute("CREATE DATABASE faults")
    url = cluster.url("faults")
    databases.migrate(url)
    with django_db_blocker.unblock(), databases.opened(url):
        yield url


@pytest.fixture(scope="module")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    with django_db_blocker.unblock(), databases.made("sqlite", tmp_path_factory.mktemp("faults")) as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For the logs of servers."""
    return tmp_path
