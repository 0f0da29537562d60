"""How long a mail that failed waits for its next attempt, and when it is given up."""

import random
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings

from userprofile.models import EmailsLogs

# A worker looks for due mails each second, Celery's beat each fifth; and an attempt may take EMAIL_TIMEOUT.
FIRST_WAIT = timedelta(seconds=4)  # so that the first retry comes within 10 s
LONGEST_WAIT = timedelta(hours=1)
LONGEST_WAIT_OF_A_CODE = timedelta(seconds=15)  # somebody waits for it: the attempts are 30 s apart at most
GROWTH = 4.0
CODE_MAX_ATTEMPTS = 240  # half an hour and more: a code usually runs out first, and that ends it


def wait_after(row: EmailsLogs) -> timedelta:
    """The wait after attempt `row.attempts`; a random part keeps mails from coming back all at once."""
    longest = LONGEST_WAIT_OF_A_CODE if row.nonce else LONGEST_WAIT
    exponent = min(row.attempts - 1, 10)  # beyond that it is the longest anyway
    return min(FIRST_WAIT * GROWTH**exponent, longest) * random.uniform(0.5, 1)  # noqa: S311


def max_attempts(row: EmailsLogs) -> int:
    return CODE_MAX_ATTEMPTS if row.nonce else int(settings.MAIL_MAX_ATTEMPTS)


def is_permanent(error: Exception) -> bool:
    """A 5xx about this recipient or this message; about a sign-in or a sender it is ours to mend."""
    codes = smtp_codes(error) if isinstance(error, SMTPRecipientsRefused | SMTPDataError) else []
    return bool(codes) and all(500 <= code < 600 for code in codes)


def smtp_codes(error: Exception) -> list[int]:
    if isinstance(error, SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, SMTPResponseException) else []


def summary(error: Exception) -> str:
    """The exception's class and the SMTP code: a server's own words may quote the mail."""
    return " ".join([type(error).__name__, *map(str, smtp_codes(error))])[:200]
