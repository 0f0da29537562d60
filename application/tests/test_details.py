"""The rule: what is written, by whom, and what happens when two write at once."""

import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from application import details
from application.exceptions import ApplicationDoesNotExist, LicenceEndsBeforeItStarts
from application.models import Application
from application.tests.conftest import make_user

pytestmark = pytest.mark.django_db


def updates(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]


def test_find_gives_the_row_to_owner_and_staff(application: Application, owner: Any, staff: Any) -> None:
    assert details.find(application_id=7, user=owner) == application
    assert details.find(application_id=7, user=staff) == application


@pytest.mark.parametrize("application_id", [8, 0, 2**63, 2**70, 10**300])
def test_find_refuses_unknown_ids_of_any_size(
    application_id: int, application: Application, staff: Any
) -> None:
    with pytest.raises(ApplicationDoesNotExist):
        details.find(application_id=application_id, user=staff)


def test_find_refuses_a_stranger(application: Application, stranger: Any) -> None:
    with pytest.raises(ApplicationDoesNotExist):
        details.find(application_id=7, user=stranger)


def test_update_writes_the_given_columns_alone_in_one_statement(application: Application, owner: Any) -> None:
    Application.objects.update(state_name="written meanwhile")
    with CaptureQueriesContext(connection) as queries:
        details.update(application=application, changes={"billing_name": "Acme"}, user=owner)
    assert len(updates(queries)) == 1
    row = Application.objects.get()
    assert (row.state_name, row.billing_name) == ("written meanwhile", "Acme")


def test_update_without_changes_writes_nothing(application: Application, owner: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        details.update(application=application, changes={}, user=owner)
        details.update(application=application, changes={"is_ats": True}, user=owner)
    assert len(queries) == 0


def test_update_hashes_the_secret_key(application: Application, owner: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        details.update(application=application, changes={"secret_key": "x" * 16}, user=owner)
    assert "x" * 16 not in "".join(updates(queries))
    row = Application.objects.get()
    assert row.check_secret_key("x" * 16)
    assert row.secret_key_set_at is not None


def test_update_of_an_application_that_was_given_away_is_refused(
    application: Application, owner: Any, stranger: Any
) -> None:
    Application.objects.update(owner=stranger)
    with pytest.raises(ApplicationDoesNotExist):
        details.update(application=application, changes={"billing_name": "Acme"}, user=owner)
    assert Application.objects.get().billing_name == ""


def test_update_of_an_application_that_was_deleted_is_refused(application: Application, staff: Any) -> None:
    Application.objects.all().delete()
    with pytest.raises(ApplicationDoesNotExist):
        details.update(application=application, changes={"billing_name": "Acme"}, user=staff)


def test_reversed_licence_is_refused_before_anything_is_written(application: Application, staff: Any) -> None:
    application.license_start_date = date(2026, 1, 2)
    with CaptureQueriesContext(connection) as queries, pytest.raises(LicenceEndsBeforeItStarts):
        details.update(application=application, changes={"license_end_date": date(2026, 1, 1)}, user=staff)
    assert len(queries) == 0


def test_reversed_licence_is_refused_when_the_other_date_was_written_meanwhile(
    application: Application, staff: Any
) -> None:
    Application.objects.update(license_start_date=date(2026, 6, 1))
    with pytest.raises(LicenceEndsBeforeItStarts):
        details.update(application=application, changes={"license_end_date": date(2026, 1, 1)}, user=staff)
    assert Application.objects.get().license_end_date is None


@pytest.fixture
def staff_and_row(transactional_db: None) -> Iterator[tuple[Any, Application]]:
    staff = make_user("staff", is_staff=True)
    yield staff, Application.objects.create(owner=staff)
    Application.objects.all().delete()


@pytest.mark.race
def test_two_dates_at_once_never_leave_a_reversed_licence(staff_and_row: tuple[Any, Application]) -> None:
    staff, application = staff_and_row
    for _ in range(5):
        Application.objects.update(license_start_date=None, license_end_date=None)
        outcomes = race(
            staff,
            details.find(application_id=application.pk, user=staff),
            {"license_start_date": date(2026, 6, 1)},
            {"license_end_date": date(2026, 1, 1)},
        )
        assert sorted(outcomes) == ["refused", "written"]


def race(staff: Any, application: Application, *all_changes: dict[str, Any]) -> list[str]:
    """Each change in a thread and a connection of its own, all judged against the same row."""
    barrier, outcomes = threading.Barrier(len(all_changes)), []

    def run(changes: dict[str, Any]) -> None:
        barrier.wait()
        try:
            details.update(application=application, changes=changes, user=staff)
            outcomes.append("written")
        except LicenceEndsBeforeItStarts:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(changes,)) for changes in all_changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
