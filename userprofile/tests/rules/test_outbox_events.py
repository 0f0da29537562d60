"""What operators hear of the outbox: one event for each mail that it is done with, and its depth and age."""

import re
import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY
from pytest_django import DjangoCaptureOnCommitCallbacks

from userprofile.clock import now
from userprofile.mechanisms import delivery, lease, otp, outbox
from userprofile.models import EmailsLogs, User

Deliver = Callable[[], dict[str, float]]


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("asha@example.com", password=None)


@pytest.fixture
def deliver(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Deliver:
    """Deliver what is due; by how much each status has been counted meanwhile."""

    def counted() -> dict[str, float]:
        statuses = EmailsLogs.Status.values
        name = "userprofile_mails_total"
        return {status: REGISTRY.get_sample_value(name, {"status": status}) or 0 for status in statuses}

    def work() -> dict[str, float]:
        before = counted()
        with django_capture_on_commit_callbacks(execute=True):
            delivery.deliver_due()
        after = counted()
        return {status: after[status] - before[status] for status in after if after[status] != before[status]}

    return work


def notice(user: User) -> EmailsLogs:
    return outbox.queue_notice(user=user, template="password_changed", at=now())


def set_columns(row: EmailsLogs, **columns: Any) -> None:
    EmailsLogs.objects.filter(pk=row.pk).update(**columns)


def test_sent_mail_is_told_of_once(user: User, deliver: Deliver, caplog: pytest.LogCaptureFixture) -> None:
    row = notice(user)
    assert deliver() == {"sent": 1}
    assert deliver() == {}
    assert [record.getMessage() for record in caplog.records if record.name == "userprofile.event"] == [
        f"event=mail status=sent mail_id={row.pk} template=password_changed user_id={user.pk}"
    ]


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        ({"voided_at": now()}, "replaced"),
        ({"expires_at": now()}, "expired"),
        ({"attempts": 1000}, "failed"),
    ],
)
def test_mail_that_is_closed_unsent_is_told_of(
    user: User, deliver: Deliver, columns: dict[str, Any], status: str
) -> None:
    row = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    set_columns(row, **columns)
    assert deliver() == {status: 1}


@pytest.mark.parametrize(("code", "counted"), [(554, {"failed": 1}), (451, {})])
def test_mail_that_is_tried_again_is_not_told_of(
    user: User, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, code: int, counted: dict[str, float]
) -> None:
    def refuse(*_: object) -> None:
        raise smtplib.SMTPDataError(code, b"no")

    monkeypatch.setattr(delivery, "_send", refuse)
    notice(user)
    assert deliver() == counted


def test_worker_that_lost_its_lease_tells_of_nothing(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    row = notice(user)
    (claimed,) = lease.claim(at=now())
    set_columns(row, attempts=2)
    with django_capture_on_commit_callbacks() as callbacks:
        assert not lease.write(claimed, status="sent")
    assert callbacks == []


def test_depth_counts_what_is_queued_or_being_sent(user: User) -> None:
    assert outbox.depth() == 0
    for status in EmailsLogs.Status.values:
        set_columns(notice(user), status=status)
    assert outbox.depth() == 2


def test_age_is_that_of_the_oldest_mail_even_while_it_waits_for_a_retry(user: User) -> None:
    at = now()
    assert outbox.oldest_unsent_seconds(at=at) is None
    set_columns(notice(user), created_at=at - timedelta(days=9), status="sent")
    set_columns(notice(user), created_at=at - timedelta(hours=2), next_attempt_at=at + timedelta(minutes=40))
    notice(user)
    assert outbox.oldest_unsent_seconds(at=at) == 7200


@pytest.mark.parametrize("read", [outbox.depth, lambda: outbox.oldest_unsent_seconds(at=now())])
@pytest.mark.usefixtures("db")
def test_figures_are_read_from_the_index_of_unsent_mails(read: Callable[[], object]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL plans by the table's size")
    with CaptureQueriesContext(connection) as queries:
        read()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        plan = " ".join(str(row[3]) for row in cursor.fetchall())
    assert re.fullmatch(r"SCAN \S+ USING (COVERING )?INDEX emails_due", plan)
