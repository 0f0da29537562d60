"""Whose a mail is: claims, leases, and workers that were away for too long."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from userprofile.clock import now
from userprofile.mechanisms import lease, otp, outbox
from userprofile.models import EmailsLogs, User


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("asha@example.com", password=None)


def notice(user: User) -> EmailsLogs:
    return outbox.queue_notice(user=user, template="password_changed", at=now())


def state(row: EmailsLogs) -> tuple[str, int]:
    row.refresh_from_db()
    return row.status, row.attempts


def test_claim_takes_a_batch_oldest_first(user: User, settings: Settings) -> None:
    settings.MAIL_BATCH = 2
    rows = [notice(user) for _ in range(3)]
    EmailsLogs.objects.filter(pk=rows[2].pk).update(next_attempt_at=now() - timedelta(hours=1))
    at = now()
    assert [row.pk for row in lease.claim(at=at)] == [rows[2].pk, rows[0].pk]
    assert state(rows[0]) == state(rows[2]) == ("sending", 1)
    assert rows[0].next_attempt_at == at + settings.MAIL_LEASE
    assert state(rows[1]) == ("queued", 0)


def test_mail_that_is_not_due_is_left(user: User) -> None:
    row = notice(user)
    assert lease.claim(at=row.next_attempt_at - timedelta(seconds=1)) == []
    assert state(row) == ("queued", 0)


@pytest.mark.parametrize("status", ["sent", "failed", "expired", "replaced"])
def test_mail_that_is_done_with_is_never_claimed(user: User, status: str) -> None:
    row = notice(user)
    EmailsLogs.objects.filter(pk=row.pk).update(status=status)
    assert lease.claim(at=now() + timedelta(days=1)) == []
    assert state(row) == (status, 0)


def test_claimed_mail_is_nobody_elses_until_the_lease_has_lapsed(user: User, settings: Settings) -> None:
    row, at = notice(user), now()
    assert len(lease.claim(at=at)) == 1
    assert lease.claim(at=at + settings.MAIL_LEASE - timedelta(seconds=1)) == []
    assert len(lease.claim(at=at + settings.MAIL_LEASE)) == 1
    assert state(row) == ("sending", 2)


def test_lost_lease_changes_nothing(user: User, settings: Settings) -> None:
    row, at = notice(user), now()
    (slow,) = lease.claim(at=at)
    (quick,) = lease.claim(at=at + settings.MAIL_LEASE)
    assert lease.renew(slow, at=at) is None
    assert not lease.write(slow, status="failed")
    lease.release(slow, at=at)
    assert state(row) == ("sending", 2)
    assert row.next_attempt_at == at + 2 * settings.MAIL_LEASE
    assert lease.write(quick, status="sent")
    assert not lease.write(quick, status="queued")
    assert state(row) == ("sent", 2)


def test_renewed_lease_is_whole_again(user: User, settings: Settings) -> None:
    notice(user)
    at = now()
    (claimed,) = lease.claim(at=at)
    later = at + settings.MAIL_LEASE / 2
    row = lease.renew(claimed, at=later)
    assert row is not None
    assert row.next_attempt_at == later + settings.MAIL_LEASE
    assert lease.claim(at=at + settings.MAIL_LEASE) == []


def test_released_mail_is_due_at_once_and_has_lost_no_attempt(user: User) -> None:
    row, at = notice(user), now()
    (claimed,) = lease.claim(at=at)
    lease.release(claimed, at=at)
    assert state(row) == ("queued", 0)
    assert [found.pk for found in lease.claim(at=at)] == [row.pk]


def test_mail_that_ends_its_workers_is_given_up(user: User, settings: Settings) -> None:
    row, at = notice(user), now()
    for attempt in range(settings.MAIL_MAX_ATTEMPTS):
        assert len(lease.claim(at=at + attempt * settings.MAIL_LEASE)) == 1
    assert lease.claim(at=at + timedelta(days=1)) == []
    assert state(row) == ("failed", settings.MAIL_MAX_ATTEMPTS)
    assert row.last_error == "The lease lapsed at the last attempt."


@pytest.mark.parametrize(
    ("column", "status"), [("voided_at", "replaced"), ("used_at", "replaced"), ("expires_at", "expired")]
)
def test_dead_code_is_closed_instead_of_claimed(user: User, column: str, status: str) -> None:
    row = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    other = notice(user)
    EmailsLogs.objects.filter(pk=row.pk).update(**{column: now()})
    assert [found.pk for found in lease.claim(at=now())] == [other.pk]
    assert state(row) == (status, 0)


def test_code_of_an_unknown_key_fails_and_says_so(user: User, settings: Settings) -> None:
    row = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    settings.SECRET_KEY = "another-key-that-did-not-make-the-code"
    assert lease.claim(at=now()) == []
    assert state(row) == ("failed", 0)
    assert row.last_error == "UnknownKey"  # which key is no page's affair


def test_code_of_a_fallback_key_is_claimed(user: User, settings: Settings) -> None:
    otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-that-did-not-make-the-code"
    assert len(lease.claim(at=now())) == 1


def test_row_that_cannot_be_judged_does_not_stop_the_others(user: User) -> None:
    row = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    other = notice(user)
    EmailsLogs.objects.filter(pk=row.pk).update(to_email="no address")
    assert [found.pk for found in lease.claim(at=now())] == [other.pk]
    assert state(row) == ("failed", 0)
    assert row.last_error == "ValueError"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_parallel_workers_claim_each_mail_once(user: User, settings: Settings) -> None:
    settings.MAIL_BATCH = 3
    rows = [notice(user) for _ in range(24)]
    at, together = now(), threading.Barrier(4)

    def work() -> list[int]:
        together.wait()
        claimed: list[int] = []
        while found := lease.claim(at=at):
            claimed += [row.pk for row in found]
        connection.close()
        return claimed

    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(work) for _ in range(4)]
    claimed = [pk for worker in workers for pk in worker.result()]
    assert sorted(claimed) == [row.pk for row in rows]
