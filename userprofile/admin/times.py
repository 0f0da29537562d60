"""Writes moments: short for lists, in words for sentences; both in TIME_ZONE."""

from datetime import datetime

from django.conf import settings
from django.utils import dateformat, timezone


def short(moment: datetime | None) -> str:
    return "-" if moment is None else f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def in_words(moment: datetime) -> str:
    return f"{dateformat.format(timezone.localtime(moment), 'j F Y, H:i')} ({settings.TIME_ZONE})"
