"""Celery tasks: they deliver from the same outbox as the mail worker does, and prune."""

import logging
import time

from celery import shared_task

from userprofile.clock import now
from userprofile.mechanisms import delivery, retention

logger = logging.getLogger(__name__)
PAUSE = 10.0  # seconds without a hurry after the broker has failed: each attempt costs a time-out
_paused_until = 0.0


@shared_task(name="userprofile.deliver_due_mail", ignore_result=True)
def deliver_due_mail() -> None:
    delivery.deliver_due()


@shared_task(name="userprofile.prune", ignore_result=True)
def prune() -> None:
    retention.prune(at=now())


def hurry() -> None:
    """Wake a worker for the mail just queued. A broker that is down loses nothing: beat sweeps."""
    global _paused_until
    if time.monotonic() < _paused_until:
        return
    try:
        deliver_due_mail.apply_async(retry=False, expires=60)
    except Exception as error:  # whatever the broker's trouble, the request is not to feel it
        _paused_until = time.monotonic() + PAUSE
        logger.warning("The broker is away (%s): mail waits for the sweep.", type(error).__name__)
