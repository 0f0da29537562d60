"""Deletes what has served its time."""

from datetime import datetime

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q

from userprofile.models import Decoy, EmailsLogs, LoginActivity, ThrottleCounter


def prune(*, at: datetime) -> dict[str, int]:
    """Delete the rows past ACTIVITY_RETENTION and the counters past their windows; how many of each.

    An open session and a mail still to be sent stay, however old.
    """
    horizon = at - settings.ACTIVITY_RETENTION
    is_open = Q(logout_time=None, refresh_expires_at__gt=at)
    waiting = Q(status__in=("queued", "sending"))
    stale = {
        "activity": LoginActivity.objects.filter(created_at__lt=horizon).exclude(is_open),
        "mails": EmailsLogs.objects.filter(created_at__lt=horizon).exclude(waiting),
        "throttle counters": ThrottleCounter.objects.filter(window_ends_at__lt=at),
        "decoys": Decoy.objects.filter(updated_at__lt=horizon),
        "Django sessions": Session.objects.filter(expire_date__lt=at),
    }
    return {name: rows.delete()[0] for name, rows in stale.items()}
