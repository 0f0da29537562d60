"""What every test needs of the database: SQLite as it is in use, a file that threads share."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.db.models.signals import post_migrate


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Django would keep it in memory, where locks and WAL mean something else."""
    database = connections["default"].settings_dict
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """A transactional test empties the tables behind it: what the migrations wrote is written again.

    pytest-django has those tests run last, but a process that takes groups of tests has several ends.
    """
    add_missing = import_module("userprofile.migrations.0002_default_templates").add_missing

    def refill(*, using: str, **_: Any) -> None:
        add_missing(apps, SimpleNamespace(connection=connections[using]))

    post_migrate.connect(refill, sender=apps.get_app_config("userprofile"), weak=False)
