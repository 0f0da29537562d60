"""Codes of the addresses that nobody has: never mailed, never right, but counted like real ones."""

from datetime import datetime

from django.conf import settings

from userprofile.mechanisms import accounts
from userprofile.mechanisms.otp import PASSWORD_RESET, Verdict
from userprofile.models import Decoy


def issue(decoy: Decoy, *, purpose: str, at: datetime) -> None:
    """From now on a wrong code counts, for as long as a real code would live."""
    if purpose == PASSWORD_RESET:
        accounts.write(decoy, reset_code_at=at)
    else:
        accounts.write(decoy, validation_code_at=at, validation_failures=0)


def judge(decoy: Decoy, *, purpose: str, at: datetime) -> Verdict:
    """WRONG while a code of its kind would be live, else DEAD."""
    issued_at = decoy.reset_code_at if purpose == PASSWORD_RESET else decoy.validation_code_at
    is_live = issued_at is not None and at < issued_at + settings.OTP_LIFETIME
    return Verdict.WRONG if is_live else Verdict.DEAD
