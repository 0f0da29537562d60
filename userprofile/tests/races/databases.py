"""A database of the races' own: made and migrated, open to the test and its servers, then dropped."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dj_database_url
import psycopg
import pytest
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.utils.connection import ConnectionDoesNotExist

ALIAS = "races"
DEFAULT_POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/postgres"


@contextmanager
def made(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new database with all its tables."""
    with empty(kind, folder) as url:
        migrate(url)
        with opened(url):
            yield url
            _refuse_deadlocks()


def migrate(url: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    environment = {**os.environ, "DATABASE_URL": url}
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True)


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new database without a table."""
    with (_postgresql if kind == "postgresql" else _sqlite)(folder) as url:
        yield url


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'races.sqlite3'}"


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    """Beside the database that RACE_POSTGRES_URL names; skipped where none is named and none answers."""
    server = os.environ.get("RACE_POSTGRES_URL", "")
    name = f"race_{os.getpid()}_{secrets.token_hex(4)}"
    try:
        connection = psycopg.connect(server or DEFAULT_POSTGRESQL, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        if server:
            raise
        pytest.skip("PostgreSQL does not answer on 127.0.0.1:5432, and RACE_POSTGRES_URL names no other")
    with connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield (server or DEFAULT_POSTGRESQL).rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def opened(url: str) -> Iterator[None]:
    """`using(ALIAS)` reaches it. The alias is in no list: pytest-django makes no test database of it."""
    found = connections.configure_settings({DEFAULT_DB_ALIAS: dict(dj_database_url.parse(url))})
    options = found[DEFAULT_DB_ALIAS]
    former = _connection()
    connections[ALIAS] = load_backend(options["ENGINE"]).DatabaseWrapper(options, ALIAS)
    try:
        yield
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        if former is not None:
            connections[ALIAS] = former


def _connection() -> BaseDatabaseWrapper | None:
    """What ALIAS reaches until now."""
    try:
        return connections[ALIAS]
    except ConnectionDoesNotExist:
        return None


def _refuse_deadlocks() -> None:
    """PostgreSQL counts them by itself, whatever the service made of them."""
    if connections[ALIAS].vendor == "postgresql":
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            assert cursor.fetchone() == (0,)
