"""Lifting a block or a lock: by the owner once its time has passed, or by an admin at once."""

from django.db import transaction

from userprofile.clock import now
from userprofile.exceptions import NotBlocked, NoUserToUnblock, TooEarlyToUnblock
from userprofile.mechanisms import accounts, lockout, outbox, sessions
from userprofile.models import EmailTemplates, User


def unblock(*, email: str) -> None:
    """Lift the block of too many reset codes, UNBLOCK_AFTER the last accepted request.

    Raises NoUserToUnblock, NotBlocked, TooEarlyToUnblock. It never lifts a lock.
    """
    with transaction.atomic():
        account = accounts.find_account(email)
        account = accounts.take(account) if account else None
        if account is None:
            raise NoUserToUnblock
        if account.blocked_at is None:
            raise NotBlocked
        if not lockout.may_be_unblocked(account, at=now()):
            raise TooEarlyToUnblock
        accounts.write(account, **lockout.NO_BLOCK)


def unlock_by_admin(user: User) -> bool:
    """Lift both locks and the block, and tell the owner; False if there was nothing to lift."""
    return _lift(user, **lockout.NO_SIGN_IN_LOCK, **lockout.NO_RESET_LOCK, **lockout.NO_BLOCK)


def unblock_by_admin(user: User) -> bool:
    """Lift the block alone, and tell the owner; False if there was none."""
    return _lift(user, **lockout.NO_BLOCK)


def end_sessions_by_admin(user: User) -> int:
    """Sign the user out everywhere, and tell the owner; how many sessions were open."""
    with transaction.atomic():
        row, at = User.objects.select_for_update(no_key=True).get(pk=user.pk), now()
        outbox.queue_notice(user=row, template=EmailTemplates.Name.SESSIONS_ENDED, at=at)
        return sessions.end_all(row, at=at)


def _lift(user: User, **cleared: object) -> bool:
    """The counts start at nothing, even where no lock had come of them yet."""
    with transaction.atomic():
        row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        closed = [
            name for name in cleared if name.endswith(("locked_at", "blocked_at")) and getattr(row, name)
        ]
        accounts.write(row, **cleared)
        if closed:
            outbox.queue_notice(user=row, template=EmailTemplates.Name.ACCOUNT_UNLOCKED, at=now())
    return bool(closed)
