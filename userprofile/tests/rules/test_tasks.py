"""The hurry: a request never waits for the broker, and a broker that fails is left alone for a while."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from userprofile import tasks

SOON = 5.0


class Broker:
    """Stands in for Celery's: counts what it is asked and answers as the test likes."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.was_asked = threading.Semaphore(0)
        self.answer: Callable[[], object] = lambda: None

    def apply_async(self, **options: object) -> None:
        self.asked.append(options)
        self.was_asked.release()
        self.answer()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    stand_in = Broker()
    monkeypatch.setattr(tasks, "deliver_due_mail", stand_in)
    monkeypatch.setattr(tasks, "PAUSE", 0.2)
    yield stand_in
    stand_in.answer = lambda: None


def test_hurry_asks_a_worker_and_lets_the_wish_expire(broker: Broker) -> None:
    tasks.hurry()
    assert broker.was_asked.acquire(timeout=SOON)
    assert broker.asked == [{"retry": False, "expires": 60}]


def test_hurry_never_waits_for_a_slow_broker(broker: Broker) -> None:
    released = threading.Event()
    broker.answer = lambda: released.wait(SOON)
    tasks.hurry()
    assert broker.was_asked.acquire(timeout=SOON)
    began = time.monotonic()
    for _ in range(100):
        tasks.hurry()
    assert time.monotonic() - began < 0.5
    released.set()
    # All that came meanwhile are one more wish.
    assert broker.was_asked.acquire(timeout=SOON)
    assert not broker.was_asked.acquire(timeout=0.2)


def test_broker_that_is_away_is_left_alone_for_the_pause(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise ConnectionRefusedError("redis://:password@host refuses")

    broker.answer = refuse
    tasks.hurry()
    assert broker.was_asked.acquire(timeout=SOON)
    broker.answer = lambda: None
    began = time.monotonic()
    tasks.hurry()
    assert broker.was_asked.acquire(timeout=SOON)
    assert time.monotonic() - began >= 0.15
    assert caplog.messages == ["The broker is away (ConnectionRefusedError): mail waits for the sweep."]


def test_lost_broker_leaves_nothing_to_restore() -> None:
    """Restoring messages over the lost connection ended Celery's worker."""
    from config.celery import app

    assert [(queue.name, queue.no_ack) for queue in app.conf.task_queues] == [("celery", True)]
    assert app.conf.task_default_queue == "celery"


def test_beat_sweeps_within_what_the_retries_allow_for() -> None:
    from config.celery import app

    sweep = app.conf.beat_schedule["sweep the outbox"]
    assert sweep == {"task": tasks.deliver_due_mail.name, "schedule": 5.0, "options": {"expires": 5}}
    assert settings.MAIL_LEASE.total_seconds() + sweep["schedule"] <= 60
