"""`manage.py migrate`: Django's, one at a time. Two at once make the same table, and one of them fails."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK_NUMBER = 0x75736572  # any number that nobody else locks in this database


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with only_one(connections[options["database"]]):
            super().handle(*args, **options)


@contextmanager
def only_one(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait until no other process migrates this database; what ends a process ends its lock."""
    holding = on_postgresql if connection.vendor == "postgresql" else beside_the_file
    with holding(connection):
        yield


@contextmanager
def on_postgresql(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """For this session, not for a transaction: some migrations begin their own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_NUMBER])
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_NUMBER])


@contextmanager
def beside_the_file(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """By the database's folder: closing the file itself would drop the locks that SQLite has on it."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    folder = os.open(Path(str(connection.settings_dict["NAME"])).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
