"""Makes the message of an outbox row: the values that its placeholders stand for, and its headers."""

import re
from datetime import datetime, timedelta

import pytz
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import dateformat

from userprofile.mechanisms import otp, templates
from userprofile.models import EmailsLogs

# A stranger may change an address to somebody's and so have us greet them: not with an advertisement.
LOOKS_LIKE_A_LINK = re.compile(r"://|www\.|\w\.[a-z]{2,}", re.IGNORECASE)


def compose(row: EmailsLogs) -> EmailMultiAlternatives:
    """The same mail at every attempt: same id, same code. Raises otp.UnknownKey."""
    subject, text, html = templates.render(name=row.template, values=values_of(row))
    message = EmailMultiAlternatives(
        subject=subject,
        body=text,
        to=[row.to_email],
        headers={
            "Message-ID": row.message_id,
            "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday notice in return
            "X-Auto-Response-Suppress": "All",
        },
    )
    if html:
        message.attach_alternative(html, "text/html")
    return message


def values_of(row: EmailsLogs) -> dict[str, str]:
    """What each placeholder stands for; a value that is unknown is worded, so that sentences stay whole."""
    return {
        "first_name": _greeted_name(row.user.first_name),
        "email": row.to_email,
        "service_name": settings.SERVICE_NAME,
        "otp": otp.digits(row) if row.nonce else "",
        "minutes": str(_minutes(row)),
        "time": _local_time(row),
        "ip_address": row.context.get("ip_address") or "an unknown address",
        "new_email": row.context.get("new_email") or "another address",
    }


def _greeted_name(first_name: str) -> str:
    return "there" if not first_name.strip() or LOOKS_LIKE_A_LINK.search(first_name) else first_name


def _minutes(row: EmailsLogs) -> int:
    lifetime = row.expires_at - row.created_at if row.expires_at else settings.OTP_LIFETIME
    return max(1, lifetime // timedelta(minutes=1))


def _local_time(row: EmailsLogs) -> str:
    """As the clock on the user's wall shows it: 22 November 2026, 14:05 (Europe/Berlin)."""
    at = datetime.fromisoformat(row.context["time"]) if "time" in row.context else row.created_at
    chosen = row.user.timezone
    zone = chosen if chosen in pytz.all_timezones_set else settings.TIME_ZONE
    return f"{dateformat.format(at.astimezone(pytz.timezone(zone)), 'j F Y, H:i')} ({zone})"
