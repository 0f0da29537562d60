"""Validating an e-mail address: send a code to it, and confirm the code."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from config.http.refusals import Refusal
from userprofile.clock import now
from userprofile.exceptions import OtpAttemptsExceeded, OtpExpired, OtpInvalid, OtpUsed, UserNotFound
from userprofile.mechanisms import accounts, otp
from userprofile.mechanisms.accounts import Account
from userprofile.mechanisms.otp import Verdict

REFUSALS: dict[Verdict, type[Refusal]] = {
    Verdict.DEAD: OtpInvalid,
    Verdict.EXPIRED: OtpExpired,
    Verdict.USED: OtpUsed,
}


def send_code(*, email: str) -> None:
    """Send a validation code in place of the last one. Raises UserNotFound."""
    with transaction.atomic():
        otp.issue(user=_take(email), purpose=otp.EMAIL_VALIDATION, at=now())


def confirm(*, email: str, otp_entered: str) -> None:
    """Mark the address as verified for the right code.

    Raises UserNotFound, OtpInvalid, OtpExpired, OtpUsed, OtpAttemptsExceeded. The failures are the
    code's own: the last one allowed kills it, and a new one starts afresh.
    """
    with transaction.atomic():
        account = _take(email)
        refusal = _judge(account, otp_entered, at=now())
    if refusal:
        raise refusal  # outside the transaction: the failure just counted must stay


def _take(email: str) -> Account:
    account = accounts.find_account(email)
    row = accounts.take(account) if account else None
    if row is None:
        raise UserNotFound
    return row


def _judge(account: Account, entered: str, *, at: datetime) -> Refusal | None:
    code = otp.newest(user=account, purpose=otp.EMAIL_VALIDATION)
    if code is not None and code.failures >= settings.OTP_MAX_FAILURES:
        return OtpAttemptsExceeded()
    verdict = otp.judge(code, entered, user=account, at=at)
    if verdict is Verdict.RIGHT and code is not None:
        otp.spend(code, at=at)
        accounts.write(account, is_email_verified=True)
        return None
    if verdict is Verdict.WRONG and code is not None:
        return _refusal_after(otp.record_failure(code))
    return REFUSALS[verdict]()


def _refusal_after(failures: int) -> Refusal:
    return OtpAttemptsExceeded() if failures >= settings.OTP_MAX_FAILURES else OtpInvalid()
