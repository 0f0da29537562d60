"""Whose a mail in the outbox is: a worker claims it for MAIL_LEASE, and no longer.

Whatever a worker writes about a mail it writes only while the lease is its own (same status, same
count of attempts): a worker that was away for too long changes nothing.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from userprofile.mechanisms import backoff, events, otp, outbox
from userprofile.models import EmailsLogs

Status = EmailsLogs.Status
DONE = {Status.SENT, Status.FAILED, Status.EXPIRED, Status.REPLACED}
Columns = dict[str, Any]


def due(*, at: datetime) -> QuerySet[EmailsLogs]:
    """The mails to send, oldest first; one whose worker has died is due when its lease has lapsed."""
    unfinished = EmailsLogs.objects.filter(outbox.UNFINISHED)
    return unfinished.filter(next_attempt_at__lte=at).order_by("next_attempt_at", "id")


def claim(*, at: datetime) -> list[EmailsLogs]:
    """Take up to MAIL_BATCH due mails; those that must not be sent any more are closed instead."""
    claimed = []
    with transaction.atomic():
        # SQLite ignores this and needs no row locks: its IMMEDIATE transactions keep other workers out.
        for row in due(at=at).select_for_update(skip_locked=True)[: settings.MAIL_BATCH]:
            obstacle = _exhausted(row) or obstacle_to(row, at=at)
            if not obstacle:
                row.attempts += 1
                claimed.append(row)
            taken = {
                "status": Status.SENDING,
                "attempts": row.attempts,
                "next_attempt_at": at + settings.MAIL_LEASE,
            }
            EmailsLogs.objects.filter(pk=row.pk).update(**(obstacle or taken))
            _tell_if_done(row, obstacle)
    return claimed


def renew(row: EmailsLogs, *, at: datetime) -> EmailsLogs | None:
    """The claimed mail as it is now, with a whole lease before it; None if the lease was lost."""
    if not write(row, next_attempt_at=at + settings.MAIL_LEASE):
        return None
    return EmailsLogs.objects.select_related("user").filter(pk=row.pk).first()


def release(row: EmailsLogs, *, at: datetime) -> None:
    """Give a mail back that was claimed and not tried."""
    write(row, status=Status.QUEUED, attempts=row.attempts - 1, next_attempt_at=at)


def write(row: EmailsLogs, **columns: Any) -> bool:
    """Change a claimed mail; False, and nothing changed, if the lease was lost."""
    ours = EmailsLogs.objects.filter(pk=row.pk, status=Status.SENDING, attempts=row.attempts)
    is_written = bool(ours.update(**columns))
    if is_written:
        _tell_if_done(row, columns)
    return is_written


def obstacle_to(row: EmailsLogs, *, at: datetime) -> Columns:
    """The columns that say why a mail with a code must not be sent any more; none if it may."""
    if not row.nonce:
        return {}
    if row.used_at is not None or row.voided_at is not None:
        return {"status": Status.REPLACED}
    if not row.is_live_code(at):
        return {"status": Status.EXPIRED}
    try:
        otp.digits(row)
    except otp.UnknownKey:
        return {"status": Status.FAILED, "last_error": "UnknownKey"}
    except Exception as error:  # noqa: BLE001  (nothing about one row may stop the others)
        return {"status": Status.FAILED, "last_error": backoff.summary(error)}
    return {}


def _exhausted(row: EmailsLogs) -> Columns:
    """Its workers died over it, each time: it is not given the chance to end another one."""
    if row.attempts < backoff.max_attempts(row):
        return {}
    return {"status": Status.FAILED, "last_error": "The lease lapsed at the last attempt."}


def _tell_if_done(row: EmailsLogs, columns: Columns) -> None:
    if columns.get("status") in DONE:
        status = str(columns["status"])
        events.record("mail", label=status, mail_id=row.pk, template=row.template, user_id=row.user_id)
