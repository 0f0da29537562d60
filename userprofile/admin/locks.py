"""Says in words what is locked or blocked, since when, and until when."""

from datetime import datetime

from django.conf import settings

from userprofile.admin.times import in_words
from userprofile.mechanisms import lockout
from userprofile.models import User


def sign_in_lock(user: User, *, at: datetime) -> str:
    counted = f"{user.sign_in_failures} of {settings.LOGIN_MAX_FAILURES} wrong passwords counted"
    return _lock(user.sign_in_locked_at, f"Signing in is open; {counted}.", at=at)


def reset_lock(user: User, *, at: datetime) -> str:
    counted = f"{user.reset_failures} of {settings.OTP_MAX_FAILURES} wrong reset codes counted"
    return _lock(user.reset_locked_at, f"Resetting is open; {counted}.", at=at)


def block(user: User, *, at: datetime) -> str:
    if user.blocked_at is None:
        counted = f"{user.forget_password_attempts} of {settings.OTP_MAX_RESENDS} resends counted"
        return f"Asking for reset codes is open; {counted}."
    if lockout.may_be_unblocked(user, at=at):
        return f"Blocked since {in_words(user.blocked_at)}. The owner may lift it now, and so may an admin."
    owner_may = (user.last_code_requested_at or user.blocked_at) + settings.UNBLOCK_AFTER
    return (
        f"Blocked since {in_words(user.blocked_at)}. An admin may lift it now, "
        f"the owner from {in_words(owner_may)} on."
    )


def badges(user: User, *, at: datetime) -> list[str]:
    """One word for each thing that is not as usual."""
    is_locked = (
        lockout.is_in_force(since, at=at) for since in (user.sign_in_locked_at, user.reset_locked_at)
    )
    found = {
        "locked": any(is_locked),
        "blocked": user.blocked_at is not None,
        "unverified": not user.is_email_verified,
        "deactivated": not user.is_active,
    }
    return [word for word, applies in found.items() if applies]


def _lock(since: datetime | None, otherwise: str, *, at: datetime) -> str:
    if since is None:
        return otherwise
    if not lockout.is_in_force(since, at=at):
        return f"Open: the lock of {in_words(since)} has lapsed."
    if settings.LOCK_DURATION:
        end = in_words(since + settings.LOCK_DURATION)
        return f"Locked since {in_words(since)}, until {end} or an admin unlocks."
    return f"Locked since {in_words(since)}, until an admin unlocks."
