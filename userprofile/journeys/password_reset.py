"""A forgotten password: ask for a code, ask again, prove it and set a new password."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from config.http.refusals import Refusal
from userprofile import hashers
from userprofile.client import Client
from userprofile.clock import now
from userprofile.exceptions import (
    AccountBlocked,
    AccountLocked,
    FieldRefusal,
    OtpExpired,
    OtpInvalid,
    OtpUsed,
    UserNotFound,
)
from userprofile.mechanisms import accounts, lockout, otp, outbox, sessions
from userprofile.mechanisms.accounts import Account
from userprofile.mechanisms.otp import Verdict
from userprofile.mechanisms.outbox import MailRow
from userprofile.models import EmailsLogs, EmailTemplates, User

REFUSALS: dict[Verdict, type[Refusal]] = {
    Verdict.WRONG: OtpInvalid,
    Verdict.DEAD: OtpInvalid,
    Verdict.EXPIRED: OtpExpired,
    Verdict.USED: OtpUsed,
}


@dataclass(frozen=True, kw_only=True)
class NewPassword:
    """A password that the policy has let pass, already hashed: hashing takes long."""

    encoded: str


def request_code(*, email: str) -> EmailsLogs | None:
    """Send a reset code, the first or a further one; None for a decoy, which gets no mail.

    Raises UserNotFound, AccountLocked, AccountBlocked.
    """
    account = _account(email)
    with transaction.atomic():
        account = _taken(account)
        at = now()
        refusal = _refusal_to_send(account, at=at)
        code = None if refusal else otp.issue(user=account, purpose=otp.PASSWORD_RESET, at=at)
    if refusal:
        raise refusal  # outside the transaction: the block just recorded must stay
    return code if isinstance(code, EmailsLogs) else None


def confirm(*, email: str, otp_entered: str, new_password: str, client: Client) -> None:
    """Set a new password for the right code, and end every session.

    Raises UserNotFound, AccountLocked, OtpInvalid, OtpExpired, OtpUsed, FieldRefusal. The policy is
    judged once the code is proven right, and a password that it refuses does not spend the code.
    """
    account = _prove(_account(email), otp_entered, client)
    assert isinstance(account, User)  # noqa: S101  (no code is right for a decoy)
    new = _judge_password(account, new_password)
    _prove(account, otp_entered, client, new=new)


def _account(email: str) -> Account:
    account = accounts.find_account(email)
    if account is None:
        raise UserNotFound
    return account


def _taken(account: Account) -> Account:
    row = accounts.take(account)
    if row is None:
        raise UserNotFound
    return row


def _refusal_to_send(account: Account, *, at: datetime) -> Refusal | None:
    if lockout.is_in_force(account.reset_locked_at, at=at):
        return AccountLocked()
    if account.blocked_at is not None or not lockout.record_code_request(account, at=at):
        return AccountBlocked()
    return None


def _prove(account: Account, entered: str, client: Client, new: NewPassword | None = None) -> Account:
    """Judge the code under the account's lock, count a failure; with `new`, spend the code on it.

    Gives the account as it was under the lock.
    """
    with transaction.atomic():
        account = _taken(account)
        at = now()
        code = otp.newest(user=account, purpose=otp.PASSWORD_RESET)
        refusal = _judge_code(account, code, entered, client, at=at)
        if new is not None and refusal is None and code is not None and isinstance(account, User):
            otp.spend(code, at=at)
            _set_password(account, new, client, at=at)
    if refusal:
        raise refusal  # outside the transaction: the failure just counted must stay
    return account


def _judge_code(
    account: Account, code: MailRow | None, entered: str, client: Client, *, at: datetime
) -> Refusal | None:
    if lockout.is_in_force(account.reset_locked_at, at=at):
        return AccountLocked()
    verdict = otp.judge(code, entered, user=account, at=at)
    if verdict is Verdict.WRONG and lockout.record_reset_failure(account, at=at):
        lockout.announce(account, kind="reset", ip_address=client.ip_address, at=at)
        return AccountLocked()
    return REFUSALS[verdict]() if verdict in REFUSALS else None


def _judge_password(user: User, password: str) -> NewPassword:
    if hashers.verify(password, user.password)[0]:
        raise FieldRefusal(new_password=["New password must not be the same as the old password."])
    try:
        validate_password(hashers.normalized(password), user)
    except ValidationError as error:
        raise FieldRefusal(new_password=list(error.messages)) from None
    return NewPassword(encoded=hashers.hash_password(password))


def _set_password(user: User, new: NewPassword, client: Client, *, at: datetime) -> None:
    """The owner has proved the mailbox: what a stranger's failures have closed opens again."""
    cleared = {**lockout.NO_SIGN_IN_LOCK, **lockout.NO_RESET_LOCK, **lockout.NO_BLOCK}
    accounts.write(user, password=new.encoded, **cleared)
    otp.void_open_codes(user=user, at=at)
    sessions.end_all(user, at=at)
    template = EmailTemplates.Name.PASSWORD_CHANGED
    outbox.queue_notice(user=user, template=template, at=at, ip_address=client.ip_address)
