"""The states that the admin tells apart, as conditions on accounts."""

from datetime import datetime

from django.db.models import Q

from userprofile.mechanisms import lockout

LOCKED, BLOCKED, UNVERIFIED, DEACTIVATED = "locked", "blocked", "unverified", "deactivated"
STATES = (LOCKED, BLOCKED, UNVERIFIED, DEACTIVATED)


def condition(state: str, *, at: datetime) -> Q:
    """The accounts in one of the STATES."""
    return {
        LOCKED: lockout.in_force("sign_in_locked_at", at=at) | lockout.in_force("reset_locked_at", at=at),
        BLOCKED: Q(blocked_at__isnull=False),
        UNVERIFIED: Q(is_email_verified=False),
        DEACTIVATED: Q(is_active=False),
    }[state]
