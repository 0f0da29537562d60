"""Mail workers on the tests' database, and the lock that holds them up."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from django.db import connection

from userprofile.tests.faults import processes
from userprofile.tests.faults.processes import Process

END_THOSE_WHO_WAIT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""


def database_url() -> str:
    """Of the database that the tests use, as a process finds it in DATABASE_URL."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    who = quote(str(found["USER"]), safe="")
    secret = f":{quote(str(found['PASSWORD']), safe='')}" if found["PASSWORD"] else ""
    where = f"{found['HOST'] or '127.0.0.1'}:{found['PORT'] or 5432}"
    return f"postgresql://{who}{secret}@{where}/{found['NAME']}"


@contextmanager
def worker(*options: str, port: int, log: Path, timeout: int = 10) -> Iterator[Process]:
    command = (sys.executable, "manage.py", "send_mail", *options)
    url = f"smtp://127.0.0.1:{port}?timeout={timeout}"
    with processes.running(*command, log=log, EMAIL_URL=url, DATABASE_URL=database_url()) as started:
        yield started


def send_what_is_due(*, port: int, log: Path) -> None:
    """A worker that ends when nothing is due any more."""
    with worker("--once", port=port, log=log) as started:
        assert started.wait(processes.PATIENCE) == 0, log.read_text()


@contextmanager
def locked(pk: int) -> Iterator[None]:
    """Nobody else can write this mail's row meanwhile (on SQLite: anything)."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with psycopg.connect(database_url()) as locker:
        locker.execute("SELECT 1 FROM userprofile_emailslogs WHERE id = %s FOR UPDATE", (pk,))
        yield
        # PostgreSQL would carry out the statement of a client that is dead, once it has the lock.
        locker.execute(END_THOSE_WHO_WAIT)
        locker.rollback()
