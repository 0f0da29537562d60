"""What the database holds by itself, and who may see which row."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from application.models import Application

pytestmark = pytest.mark.django_db


def test_owner_is_required() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.create()


def test_owner_with_an_application_cannot_be_deleted(application: Application, owner: Any) -> None:
    with pytest.raises(ProtectedError):
        owner.delete()


@pytest.mark.parametrize(
    "columns",
    [
        {"license_start_date": date(2026, 1, 2), "license_end_date": date(2026, 1, 1)},
        {"default_status_id": -1},
        {"default_referrer_id": -1},
    ],
)
def test_database_refuses(columns: dict[str, Any], application: Application) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.update(**columns)


@pytest.mark.parametrize(
    "columns",
    [
        {"license_start_date": date(2026, 1, 1), "license_end_date": date(2026, 1, 1)},
        {"license_start_date": date(2026, 1, 1)},
        {"license_end_date": date(2026, 1, 1)},
        {"default_status_id": 0, "default_referrer_id": 9223372036854775807},
    ],
)
def test_database_accepts(columns: dict[str, Any], application: Application) -> None:
    assert Application.objects.update(**columns) == 1


def test_owner_column_has_an_index() -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Application._meta.db_table)
    assert any(entry["index"] and entry["columns"] == ["owner_id"] for entry in found.values())


def test_application_is_visible_to_its_owner_and_to_staff(
    application: Application, owner: Any, stranger: Any, staff: Any
) -> None:
    for viewer, seen in ((owner, [7]), (staff, [7]), (stranger, []), (AnonymousUser(), [])):
        visible = Application.objects.visible_to(viewer)
        assert list(visible.values_list("pk", flat=True)) == seen


def test_name_is_the_best_there_is(application: Application) -> None:
    assert str(application) == "Application 7"
    application.website = "https://example.com"
    assert str(application) == "https://example.com"
    application.billing_name = "Acme"
    assert str(application) == "Acme"


def test_secret_key_is_salted_and_can_be_checked(application: Application) -> None:
    application.set_secret_key("x" * 16)
    first = application.secret_key_hash
    application.set_secret_key("x" * 16)
    assert application.secret_key_hash != first
    assert "x" * 16 not in application.secret_key_hash
    assert application.check_secret_key("x" * 16)
    assert not application.check_secret_key("x" * 17)


def test_secret_key_remembers_when_it_was_set(application: Application) -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        application.set_secret_key("x" * 16)
    assert application.secret_key_set_at == moment


@pytest.mark.parametrize("raw", ["", "x" * 16])
def test_without_a_secret_key_no_secret_key_is_right(raw: str, application: Application) -> None:
    application.set_secret_key("y" * 16)
    application.set_secret_key("")
    assert (application.secret_key_hash, application.secret_key_set_at) == ("", None)
    assert not application.check_secret_key(raw)
