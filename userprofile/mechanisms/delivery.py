"""Delivers the outbox: claims what is due, sends it outside the transaction, records the outcome."""

import contextlib
import logging
import smtplib
from typing import Protocol

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import close_old_connections, connections, transaction

from userprofile.clock import now
from userprofile.mechanisms import backoff, lease, mail, outbox
from userprofile.models import EmailsLogs

Status = EmailsLogs.Status
logger = logging.getLogger(__name__)


class Stop(Protocol):
    """What ends a worker: a threading.Event, or a command's signal."""

    def is_set(self) -> bool: ...


class Never:
    def is_set(self) -> bool:
        return False


def run_until(stop: Stop) -> None:
    """Deliver what is due, wait for more, and so on. A mail that is being sent is finished."""
    complaint = ""
    try:
        while not stop.is_set():
            outbox.wake_up.clear()
            complaint = _deliver_despite_errors(stop, complaint)
            outbox.wake_up.wait(settings.MAIL_POLL.total_seconds())
    finally:
        connections.close_all()


def _deliver_despite_errors(stop: Stop, complaint: str) -> str:
    """A database that is away is no reason to die, and a reason to say so once."""
    try:
        close_old_connections()
        deliver_due(stop=stop)
    except Exception as error:  # noqa: BLE001  (whatever it is, mail has to go on)
        connections.close_all()
        if complaint != type(error).__name__:
            logger.error("Mail worker: %s. It keeps trying.", type(error).__name__)
        return type(error).__name__
    return ""


def deliver_due(*, stop: Stop | None = None) -> int:
    """Deliver until nothing is due; how many mails were sent."""
    sent = 0
    stop = stop or Never()
    while not stop.is_set() and lease.due(at=now()).exists():
        connection: BaseEmailBackend = get_connection()
        for row in lease.claim(at=now()):
            if stop.is_set():
                lease.release(row, at=now())
            else:
                sent += _deliver(row, connection)
        _close(connection)
    return sent


def send_again(row: EmailsLogs) -> bool:
    """Queue a failed mail anew, for an admin; False if it has not failed, or its code is dead."""
    at = now()
    if row.nonce and not row.is_live_code(at):
        return False
    failed = EmailsLogs.objects.filter(pk=row.pk, status=Status.FAILED, used_at=None, voided_at=None)
    changed = failed.update(status=Status.QUEUED, attempts=0, next_attempt_at=at, last_error="")
    transaction.on_commit(outbox.wake_up.set)
    return bool(changed)


def _deliver(claimed: EmailsLogs, connection: BaseEmailBackend) -> bool:
    """Send one mail, if it is still ours and still to be sent; True if it went out."""
    at = now()
    row = lease.renew(claimed, at=at)
    if row is None:
        return False
    if obstacle := lease.obstacle_to(row, at=at):
        lease.write(row, **obstacle)
        return False
    try:
        _send(row, connection)
    except Exception as error:  # noqa: BLE001  (template, value or server: one mail's trouble is its own)
        _close(connection)
        _record_failure(row, error)
        return False
    lease.write(row, status=Status.SENT, sent_at=now(), last_error="")
    return True


def _send(row: EmailsLogs, connection: BaseEmailBackend) -> None:
    message = mail.compose(row)
    connection.open()  # kept open for the rest of the claim
    message.connection = connection
    message.send()


def _record_failure(row: EmailsLogs, error: Exception) -> None:
    summary = backoff.summary(error)
    if backoff.is_permanent(error) or row.attempts >= backoff.max_attempts(row):
        lease.write(row, status=Status.FAILED, last_error=summary)
    else:
        due_at = now() + backoff.wait_after(row)
        lease.write(row, status=Status.QUEUED, next_attempt_at=due_at, last_error=summary)
    logger.warning("Mail %s (%s), attempt %s: %s", row.pk, row.template, row.attempts, summary)


def _close(connection: BaseEmailBackend) -> None:
    """A server that is gone cannot be told so."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.close()
