"""Celery tasks, which deliver from the same outbox as the mail worker does, and the hurry for them."""

import logging
import threading
import time

from celery import shared_task

from userprofile.clock import now
from userprofile.mechanisms import delivery, retention

logger = logging.getLogger(__name__)
PAUSE = 10.0  # seconds without a hurry after the broker has failed: beat's sweep is quicker than that

_wanted = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


@shared_task(name="userprofile.deliver_due_mail", ignore_result=True)
def deliver_due_mail() -> None:
    delivery.deliver_due()


@shared_task(name="userprofile.prune", ignore_result=True)
def prune() -> None:
    retention.prune(at=now())


def hurry() -> None:
    """Have a worker woken for the mail just queued; at once, whatever state the broker is in.

    A thread speaks to the broker: a slow one held a request for as long as its time-out.
    """
    global _thread
    _wanted.set()
    with _starting:
        if _thread is None or not _thread.is_alive():  # a fork leaves the thread behind
            _thread = threading.Thread(target=_wake_workers, name="hurry", daemon=True)
            _thread.start()


def _wake_workers() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        _wake_a_worker()


def _wake_a_worker() -> None:
    """A broker that is down loses nothing: beat sweeps."""
    try:
        deliver_due_mail.apply_async(retry=False, expires=60)
    except Exception as error:  # noqa: BLE001  (whatever the broker's trouble, it is not ours)
        logger.warning("The broker is away (%s): mail waits for the sweep.", type(error).__name__)
        time.sleep(PAUSE)
