"""Counts failures and resends; locks, blocks and lifts. (CONTRACT, section 3.)

Every function works on a row that `accounts.take` has locked, and is given the one `at` of its
request. Locks and counts are committed before the refusal is raised, or they would be undone.
"""

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from userprofile.mechanisms import accounts, events, outbox
from userprofile.mechanisms.accounts import Account
from userprofile.models import EmailTemplates, User

NO_SIGN_IN_LOCK = {"sign_in_failures": 0, "sign_in_locked_at": None}
NO_RESET_LOCK = {"reset_failures": 0, "reset_locked_at": None}
NO_BLOCK = {"forget_password_attempts": 0, "last_code_requested_at": None, "blocked_at": None}


def is_in_force(locked_at: datetime | None, *, at: datetime) -> bool:
    """Whether a lock still holds: until an admin lifts it, or LOCK_DURATION if that is set."""
    if locked_at is None:
        return False
    return not settings.LOCK_DURATION or at < locked_at + settings.LOCK_DURATION


def in_force(column: str, *, at: datetime) -> Q:
    """`is_in_force` as a database condition on `sign_in_locked_at` or `reset_locked_at`."""
    if settings.LOCK_DURATION:
        return Q(**{f"{column}__gt": at - settings.LOCK_DURATION})
    return Q(**{f"{column}__isnull": False})


def failed_sign_in(account: Account, *, at: datetime) -> dict[str, object]:
    """The columns after one more wrong password; the last one allowed locks."""
    lapsed = account.sign_in_locked_at is not None  # a lock in force never comes to be counted
    failures = 1 if lapsed else account.sign_in_failures + 1
    locks = failures >= settings.LOGIN_MAX_FAILURES
    return {"sign_in_failures": failures, "sign_in_locked_at": at if locks else None}


def record_reset_failure(account: Account, *, at: datetime) -> bool:
    """Count a wrong reset code on the account, whichever code it was; True if that locked it."""
    lapsed = account.reset_locked_at is not None
    failures = 1 if lapsed else account.reset_failures + 1
    locks = failures >= settings.OTP_MAX_FAILURES
    accounts.write(account, reset_failures=failures, reset_locked_at=at if locks else None)
    return locks


def announce(account: Account, *, kind: str, ip_address: str | None, at: datetime) -> None:
    """Tell the owner by mail, and the operators, that a `sign_in` or a `reset` lock has closed."""
    events.record("lock", **accounts.told(account, label=kind))
    template = EmailTemplates.Name.ACCOUNT_LOCKED
    outbox.queue_notice(user=account, template=template, at=at, ip_address=ip_address)


def record_code_request(account: Account, *, at: datetime) -> bool:
    """Count a request for a reset code; False if it is one too many, and then the account is blocked.

    The first is free, and so is the first after UNBLOCK_AFTER without an accepted one.
    """
    last = account.last_code_requested_at
    if last is None or at - last >= settings.UNBLOCK_AFTER:
        accounts.write(account, forget_password_attempts=0, last_code_requested_at=at)
        return True
    if account.forget_password_attempts >= settings.OTP_MAX_RESENDS:
        accounts.write(account, blocked_at=at)
        events.record("block", user_id=account.pk if isinstance(account, User) else None)
        return False
    attempts = account.forget_password_attempts + 1
    accounts.write(account, forget_password_attempts=attempts, last_code_requested_at=at)
    return True


def may_be_unblocked(account: Account, *, at: datetime) -> bool:
    """Whether UNBLOCK_AFTER has passed since the last accepted request."""
    last = account.last_code_requested_at or account.blocked_at
    return last is None or at - last >= settings.UNBLOCK_AFTER
