"""One-time passwords: issued, derived and judged. The digits are stored nowhere.

A code is a row of EmailsLogs. Its digits come from the row's random nonce by a keyed HMAC that
also covers the user, the purpose and the address: a code opens nothing else. The row names the
key, so that codes outlive a rotation of SECRET_KEY (SECRET_KEY_FALLBACKS).
"""

import enum
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import overload

from django.conf import settings

from config import keys
from userprofile.addresses import canonical
from userprofile.mechanisms import accounts, events, outbox
from userprofile.mechanisms.accounts import Account
from userprofile.mechanisms.outbox import MailRow
from userprofile.models import DecoyMail, EmailsLogs, EmailTemplates, User

PASSWORD_RESET = EmailTemplates.Name.PASSWORD_RESET_CODE
EMAIL_VALIDATION = EmailTemplates.Name.EMAIL_VALIDATION_CODE


class Verdict(enum.Enum):
    RIGHT = "right"
    WRONG = "wrong"  # a live code, other digits: counts
    EXPIRED = "expired"  # these were the newest code's digits
    USED = "used"  # likewise
    DEAD = "dead"  # there is nothing that any digits could open: counts nothing


class UnknownKey(Exception):
    """The row's code was made with a SECRET_KEY that is no longer known."""


@overload
def issue(*, user: User, purpose: str, at: datetime) -> EmailsLogs: ...
@overload
def issue(*, user: Account, purpose: str, at: datetime) -> MailRow: ...
def issue(*, user: Account, purpose: str, at: datetime) -> MailRow:
    """A new code for the user's address, queued as a mail; the older ones of its purpose are void."""
    void_open_codes(user=user, purpose=purpose, at=at)
    events.record("code", **accounts.told(user, label=str(purpose)))
    return outbox.queue(
        user=user,
        template=purpose,
        at=at,
        nonce=secrets.token_hex(16),
        key_id=_key_id(_keys()[0]),
        expires_at=at + settings.OTP_LIFETIME,
    )


def void_open_codes(*, user: Account, at: datetime, purpose: str | None = None) -> None:
    """No open code of the user, or of one purpose, opens anything from now on."""
    mails = outbox.table_for(user)._base_manager
    rows = mails.filter(user=user, used_at=None, voided_at=None).exclude(nonce="")
    rows = rows.filter(template=purpose) if purpose else rows
    rows.update(voided_at=at)


@overload
def newest(*, user: User, purpose: str) -> EmailsLogs | None: ...
@overload
def newest(*, user: Account, purpose: str) -> MailRow | None: ...
def newest(*, user: Account, purpose: str) -> MailRow | None:
    """The only row that is ever looked at."""
    rows = outbox.table_for(user)._base_manager.filter(user=user, template=purpose)
    row: MailRow | None = rows.order_by("-id").first()
    return row


def judge(row: MailRow | None, entered: str, *, user: Account, at: datetime) -> Verdict:
    """What `entered` is to the newest code. A decoy's is never right: nobody has been told it."""
    if row is None or canonical(row.to_email) != user.email_canonical:
        return Verdict.DEAD
    try:
        matches = hmac.compare_digest(digits(row), _ascii_digits(entered))
    except UnknownKey:
        return Verdict.DEAD
    matches = matches and not isinstance(row, DecoyMail)
    if row.is_live_code(at):
        return Verdict.RIGHT if matches else Verdict.WRONG
    if not matches or row.voided_at is not None:
        return Verdict.DEAD
    return Verdict.USED if row.used_at is not None else Verdict.EXPIRED


def digits(row: MailRow) -> str:
    """The code of a row, OTP_LENGTH ASCII digits. Raises UnknownKey."""
    key = next((key for key in _keys() if _key_id(key) == row.key_id), None)
    if key is None:
        raise UnknownKey
    message = "|".join((row.nonce, str(row.user_id), row.template, canonical(row.to_email)))
    digest = hmac.new(key, message.encode(), hashlib.sha256).digest()
    # 256 bits against at most 10**10 codes: the bias of the remainder is below 2**-222.
    return str(int.from_bytes(digest) % 10**settings.OTP_LENGTH).zfill(settings.OTP_LENGTH)


def spend(row: MailRow, *, at: datetime) -> None:
    """The code has opened what it was for: never again. For a row judged under its user's lock."""
    type(row)._base_manager.filter(pk=row.pk).update(used_at=at)


def record_failure(row: MailRow) -> int:
    """Count a wrong entry on the code itself; how many there are now."""
    row.failures += 1
    type(row)._base_manager.filter(pk=row.pk).update(failures=row.failures)
    return row.failures


def _ascii_digits(entered: str) -> str:
    """`compare_digest` raises on other text; what is no code compares unequal."""
    return entered if re.fullmatch(r"[0-9]+", entered) else ""


def _keys() -> list[bytes]:
    return [keys.derive("otp", key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"key id" + key).hexdigest()[:16]
