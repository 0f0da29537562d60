"""The outbox: a mail is a row that commits with the change that caused it."""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from email.utils import parseaddr
from typing import Any, overload

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Count, Min
from django.db.models.expressions import RawSQL

from userprofile.mechanisms.accounts import Account
from userprofile.models import DecoyMail, EmailsLogs, User

# SQLite looks at the partial index "emails_due" only where the statement spells its condition out:
# with parameters it read the whole table, each second.
UNFINISHED = RawSQL("status IN ('queued', 'sending')", (), BooleanField())
# Set when this process has queued a mail: the worker thread of `make run` need not wait its turn.
wake_up = threading.Event()
# Called once a queued mail is committed; UserprofileConfig adds Celery's where there is a broker.
wakers: list[Callable[[], None]] = [wake_up.set]


MailRow = EmailsLogs | DecoyMail
KEPT = ("id", "user", "template")
REPLACED = [field.name for field in DecoyMail._meta.concrete_fields if field.name not in KEPT]


def table_for(account: Account) -> type[Any]:
    """Where the account's mails are; a decoy's are in a table of the same form, and never sent."""
    return EmailsLogs if isinstance(account, User) else DecoyMail


@overload
def queue(*, user: User, template: str, at: datetime, **columns: Any) -> EmailsLogs: ...
@overload
def queue(*, user: Account, template: str, at: datetime, **columns: Any) -> MailRow: ...
def queue(*, user: Account, template: str, at: datetime, **columns: Any) -> MailRow:
    """Put a mail into the outbox, within the caller's transaction.

    `columns` may be `to_email`, `context`, which holds no secret, and a code's own.
    """
    row: MailRow = table_for(user)(
        user=user,
        template=template,
        message_id=f"<{uuid.uuid4().hex}@{_domain()}>",
        created_at=at,
        next_attempt_at=at,
        **{"to_email": user.email, **columns},
    )
    _insert(row)
    transaction.on_commit(_hurry)
    return row


def _insert(row: MailRow) -> None:
    """Both alike, so that the time does not tell which of them it was."""
    if isinstance(row, DecoyMail):
        DecoyMail.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["user", "template"], update_fields=REPLACED
        )
    else:
        EmailsLogs.objects.bulk_create([row])


@overload
def queue_notice(
    *, user: User, template: str, at: datetime, ip_address: str | None = None, **context: str
) -> EmailsLogs: ...
@overload
def queue_notice(
    *, user: Account, template: str, at: datetime, ip_address: str | None = None, **context: str
) -> MailRow: ...
def queue_notice(
    *, user: Account, template: str, at: datetime, ip_address: str | None = None, **context: str
) -> MailRow:
    """A mail that tells the owner what has happened, when and from where."""
    context["time"] = at.isoformat()
    context["ip_address"] = ip_address or ""
    to_email = context.pop("to_email", user.email)
    return queue(user=user, template=template, at=at, to_email=to_email, context=context)


def _hurry() -> None:
    for wake in wakers:
        wake()


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]


def oldest_unsent_seconds(*, at: datetime) -> int | None:
    """How long the oldest mail has been waiting that is still to be sent; None without one."""
    oldest = _waiting()[1]
    return None if oldest is None else max(int((at - oldest).total_seconds()), 0)


def depth() -> int:
    """How many mails are still to be sent."""
    return _waiting()[0]


def _waiting() -> tuple[int, datetime | None]:
    """Both at once: for the minimum alone SQLite walks the index on created_at through all that was sent."""
    mails = EmailsLogs.objects.filter(UNFINISHED).aggregate(depth=Count("pk"), oldest=Min("created_at"))
    return mails["depth"], mails["oldest"]
