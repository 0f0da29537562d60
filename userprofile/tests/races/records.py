"""What the database says before and after a round: users to be raced over, and the rows they leave."""

import itertools
import secrets
from typing import Any

from django.contrib.auth.hashers import make_password

from userprofile.clock import now
from userprofile.mechanisms import otp, sessions
from userprofile.models import EmailsLogs, LoginActivity, User
from userprofile.tests.races.databases import ALIAS

PASSWORD = "Violet-Kite7"
_ENCODED = make_password(PASSWORD)
_numbers = itertools.count(1)


def make_user(**columns: Any) -> User:
    """A new user with PASSWORD."""
    name = f"racer{next(_numbers)}-{secrets.token_hex(4)}"
    user = User(username=name, email=f"{name}@example.com", **{"password": _ENCODED, **columns})
    user.save(using=ALIAS)
    return user


def write(user: User, **columns: Any) -> None:
    User.objects.using(ALIAS).filter(pk=user.pk).update(**columns)


def read(user: User) -> User:
    """The row as it is now."""
    found: User = User.objects.using(ALIAS).get(pk=user.pk)
    return found


def make_session(user: User) -> sessions.Tokens:
    """A session as a sign-in opens it, without the hashing."""
    at = now()
    session = LoginActivity.objects.using(ALIAS).create(
        user=user,
        email=user.email,
        created_at=at,
        attempt_name="login_success",
        **sessions.lifetimes(signed_in_at=at, at=at),
    )
    return sessions.tokens_of(session)


def activity(user: User) -> list[LoginActivity]:
    """The user's attempts in the order in which they were recorded."""
    return list(LoginActivity.objects.using(ALIAS).filter(user=user).order_by("id"))


def open_sessions(user: User) -> int:
    return LoginActivity.objects.using(ALIAS).open(at=now()).filter(user=user).count()


def mails(user: User, template: str) -> list[EmailsLogs]:
    return list(EmailsLogs.objects.using(ALIAS).filter(user=user, template=template).order_by("id"))


def newest_code(user: User, purpose: str = otp.PASSWORD_RESET) -> str:
    """The digits that the user finds in the newest mail."""
    return otp.digits(mails(user, purpose)[-1])


def live_codes(user: User, purpose: str = otp.PASSWORD_RESET) -> list[str]:
    return [otp.digits(row) for row in mails(user, purpose) if row.is_live_code(now())]


def wrong_codes(right: str, number: int) -> list[str]:
    """As many different codes, none of them right."""
    numbers = range(int(right) + 1, int(right) + 1 + number)
    return [str(other % 10 ** len(right)).zfill(len(right)) for other in numbers]
