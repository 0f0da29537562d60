"""Reading a user's login activity: who may, which page of it, and the summary above it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from userprofile.clock import now
from userprofile.exceptions import ActivityUserNotFound
from userprofile.mechanisms import accounts, sessions
from userprofile.models import LoginActivity, User

PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One page of a user's log; `next_before` is where the next page begins, None on the last."""

    user: User
    estimated_logout: datetime | None
    rows: list[LoginActivity]
    next_before: int | None

    @property
    def as_body(self) -> dict[str, Any]:
        """The seed's keys."""
        columns = ("email", "first_name", "last_name", "last_login", "logout", "is_active")
        return {
            **{name: getattr(self.user, name) for name in columns},
            "estimated_logout": self.estimated_logout,
            "activity_logs": self.rows,
        }


def read(*, email: str, viewer: User, limit: int = PAGE, before: int | None = None) -> Activity:
    """The user's rows below the id `before`, newest first, at most `limit` and never above PAGE.

    Raises ActivityUserNotFound for an address that nobody has, and for one the viewer may not see.
    """
    user = accounts.find_user(email, whole=True)
    if user is None or not (user.pk == viewer.pk or viewer.is_staff):
        raise ActivityUserNotFound
    limit = min(limit, PAGE)
    rows = LoginActivity.objects.filter(user_id=user.pk).order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: limit + 1])
    newest = sessions.newest_open(user, at=now())
    return Activity(
        user=user,
        estimated_logout=newest.access_expires_at if newest else None,
        rows=page[:limit],
        next_before=page[limit - 1].pk if len(page) > limit else None,
    )
