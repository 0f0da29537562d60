"""Workers killed by signal 9 at each step: nothing is lost, and a kill costs one duplicate at most.

`make mail-faults` repeats it ROUNDS times. A lease's time passes by moving the rows that it holds.
"""

import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from userprofile.clock import now
from userprofile.mechanisms import otp, outbox
from userprofile.models import EmailsLogs, User
from userprofile.tests.faults import mail_sink, mail_workers, processes
from userprofile.tests.faults.mail_sink import Sink
from userprofile.tests.faults.mail_steps import STEPS

ROUNDS = int(os.environ.get("ROUNDS", "1"))
WORKERS = 4

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("mail survival")]

Rows = list[EmailsLogs]
Judge = Callable[..., int]


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """What `make mail-faults` prints."""
    counted: Counter[str] = Counter(kills=0, sent=0, duplicates=0, lost=0)
    yield counted
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    if reporter and capture:
        with capture.global_and_fixture_disabled():
            words = ", ".join(f"{name} {number}" for name, number in counted.items())
            reporter.write_line(f"\n--- mail on {connection.vendor}: {words}")


@pytest.fixture
def sink() -> Iterator[Sink]:
    with mail_sink.serving(Sink()) as started:
        yield started


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


@pytest.fixture
def queue(make_user: Callable[..., User]) -> Callable[[int], Rows]:
    """Two codes of a new user, and as many notices as make up the number."""

    def fill(number: int) -> Rows:
        user = make_user(f"asha{User.objects.count()}@example.com", password=None)
        purposes = (otp.PASSWORD_RESET, otp.EMAIL_VALIDATION)
        codes = [otp.issue(user=user, purpose=purpose, at=now()) for purpose in purposes]
        return codes + [
            outbox.queue_notice(user=user, template="password_changed", at=now()) for _ in range(number - 2)
        ]

    return fill


@pytest.fixture
def judge(sink: Sink, figures: Counter[str]) -> Judge:
    """Nothing is lost, and copies are the same mail with the same code; how many there are too many."""

    def count(rows: Rows, *, kills: int) -> int:
        copies = sink.copies()
        lost = [row for row in rows if not copies[row.message_id]]
        duplicates = sum(max(copies[row.message_id] - 1, 0) for row in rows)
        figures.update(kills=kills, sent=len(rows) - len(lost), duplicates=duplicates, lost=len(lost))
        assert lost == []
        assert statuses(rows) == {"sent": len(rows)}
        assert duplicates <= kills
        for row in rows:
            (text,) = sink.texts_of(row.message_id)
            assert not row.nonce or f"    {otp.digits(row)}" in text.splitlines()
        return duplicates

    return count


def statuses(rows: Rows) -> Counter[str]:
    found = EmailsLogs.objects.filter(pk__in=[row.pk for row in rows])
    return Counter(found.values_list("status", flat=True))


def let_the_leases_lapse() -> None:
    """Those of dead workers: within a minute a sweep finds each of them."""
    held = EmailsLogs.objects.filter(status="sending").order_by("next_attempt_at").last()
    assert held is None or held.next_attempt_at <= now() + timedelta(seconds=60 - 5)
    EmailsLogs.objects.filter(outbox.UNFINISHED).update(next_attempt_at=now())


@pytest.mark.parametrize("step", STEPS)
def test_killed_worker_loses_nothing_and_duplicates_one_mail_at_most(
    step: str, sink: Sink, queue: Callable[[int], Rows], judge: Judge, log: Path
) -> None:
    hold, duplicates = STEPS[step]
    for _ in range(ROUNDS):
        rows = queue(settings.MAIL_BATCH)
        with hold(sink, rows, log) as worker:
            processes.kill(worker)
        sink.go_on()
        assert statuses(rows)["sending"] >= len(rows) - 1
        let_the_leases_lapse()
        mail_workers.send_what_is_due(port=sink.port, log=log)
        assert judge(rows, kills=1) == duplicates


def test_workers_killed_under_load_lose_nothing(
    sink: Sink, queue: Callable[[int], Rows], judge: Judge, log: Path
) -> None:
    rows, kills = queue(20 * (ROUNDS + 1)), 2 * ROUNDS
    sink.delay = 0.02
    with ExitStack() as stack:
        workers = [stack.enter_context(mail_workers.worker(port=sink.port, log=log)) for _ in range(2)]
        for number in range(1, kills + 1):
            processes.wait_until(lambda needed=5 * number: len(sink.accepted) >= needed)  # type: ignore[misc]
            time.sleep(random.uniform(0, 0.05))
            processes.kill(workers.pop(0))
            workers.append(stack.enter_context(mail_workers.worker(port=sink.port, log=log)))
    let_the_leases_lapse()
    mail_workers.send_what_is_due(port=sink.port, log=log)
    judge(rows, kills=kills + len(workers))  # the last ones are killed as well


def test_workers_share_the_mails_and_send_each_once(
    sink: Sink, queue: Callable[[int], Rows], judge: Judge, log: Path
) -> None:
    """200 mails to send; a poison one among the first stops nobody; dead codes never go out."""
    replaced, poison, *rows = queue(202)
    EmailsLogs.objects.filter(pk=poison.pk).update(context={"time": "no time"})
    rows[0] = otp.issue(user=replaced.user, purpose=otp.PASSWORD_RESET, at=now())
    expired = otp.issue(user=queue(2)[0].user, purpose=otp.EMAIL_VALIDATION, at=now() - settings.OTP_LIFETIME)
    sink.workers_awaited = WORKERS
    with ExitStack() as stack:
        for _ in range(WORKERS):
            stack.enter_context(mail_workers.worker(port=sink.port, log=log, timeout=13))
        processes.wait_until(lambda: outbox.depth() == 1)
    assert judge(rows, kills=0) == 0
    assert len(sink.peers) >= WORKERS
    assert not {replaced.message_id, expired.message_id, poison.message_id} & set(sink.copies())
    states = {row: EmailsLogs.objects.get(pk=row.pk).status for row in (replaced, expired, poison)}
    assert list(states.values()) == ["replaced", "expired", "queued"]


def test_code_is_tried_again_within_ten_seconds_and_then_each_half_minute(
    sink: Sink, queue: Callable[[int], Rows], judge: Judge, figures: Counter[str], log: Path
) -> None:
    code, other = queue(2)
    EmailsLogs.objects.filter(pk=other.pk).delete()
    failures = min(ROUNDS, 6)
    sink.answers = ["451 busy"] * failures
    with mail_workers.worker(port=sink.port, log=log):
        processes.wait_until(lambda: statuses([code])["sent"] == 1, patience=10 + 30 * failures)
    waits = [later - sooner for sooner, later in itertools.pairwise(sink.attempts)]
    figures["longest wait of a code in s"] = round(max(waits))
    assert len(waits) == failures
    assert waits[0] <= 10
    assert max(waits) <= 30
    judge([code], kills=0)
