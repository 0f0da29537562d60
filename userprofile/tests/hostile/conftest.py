"""A server on SQLite and one on PostgreSQL that hold the same rows, and the same pair behind a proxy."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from userprofile.tests.hostile import population
from userprofile.tests.races import databases
from userprofile.tests.races.server import Server, running

SETTINGS = {"THROTTLES": "off", "TRUSTED_PROXIES": "0", "WEB_CONCURRENCY": "1"}


ON_BOTH = ("test_requests.py", "test_slow_requests.py")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that share servers share a process."""
    for item in (item for item in items if item.path.parent == Path(__file__).parent):
        if item.path.name in (*ON_BOTH, "test_document.py"):
            item.add_marker(pytest.mark.own_databases)
        if item.path.name in ON_BOTH:
            item.add_marker(pytest.mark.xdist_group("hostile requests"))


@dataclass(frozen=True)
class Database:
    url: str
    connection: BaseDatabaseWrapper

    @property
    def kind(self) -> str:
        return self.connection.vendor

    def rows(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        found = {}
        with self.connection.cursor() as cursor:
            for table in self.connection.introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                found[table] = cursor.fetchall()
        return found


@dataclass(frozen=True)
class Node:
    """A server and its database."""

    database: Database
    server: Server


@pytest.fixture(scope="session")
def _databases(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[list[Database]]:
    """PostgreSQL is left out where it is not asked for and does not answer."""
    folder = tmp_path_factory.mktemp("hostile")
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        yield [settled(stack, "sqlite", folder), *settled_if_there(stack, "postgresql", folder)]


def settled(stack: ExitStack, kind: str, folder: Path) -> Database:
    url = stack.enter_context(databases.made(kind, folder))
    population.settle(databases.ALIAS)
    return Database(url, connections[databases.ALIAS])


def settled_if_there(stack: ExitStack, kind: str, folder: Path) -> list[Database]:
    try:
        return [settled(stack, kind, folder)]
    except pytest.skip.Exception:
        return []


@contextmanager
def serving(found: list[Database], folder: Path, **variables: str) -> Iterator[list[Node]]:
    """At the end their logs tell of no fault."""
    with ExitStack() as stack:
        given = [running(database_url=one.url, folder=folder, **SETTINGS | variables) for one in found]
        servers = [stack.enter_context(one) for one in given]
        yield [Node(*pair) for pair in zip(found, servers, strict=True)]
        assert [server.complaints() for server in servers] == [[] for _ in servers]


@pytest.fixture(scope="session")
def nodes(_databases: list[Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """Nothing stands in front of them."""
    with serving(_databases, tmp_path_factory.mktemp("logs")) as found:
        yield found


@pytest.fixture(scope="session")
def proxied_nodes(
    _databases: list[Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Node]]:
    """One proxy of ours stands in front of them."""
    with serving(_databases, tmp_path_factory.mktemp("logs"), TRUSTED_PROXIES="1") as found:
        yield found
