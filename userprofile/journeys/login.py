"""Signing in and out. Every door calls `sign_in`: one lockout, not one for each door."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from config.http.refusals import Refusal
from userprofile import hashers
from userprofile.addresses import canonical
from userprofile.client import Client
from userprofile.clock import now
from userprofile.exceptions import (
    AccountLocked,
    AccountLockedNow,
    InvalidCredentials,
    InvalidCredentialsLocked,
    InvalidCredentialsWithCount,
    TooManyRequests,
    UserDoesNotExist,
    UserIsNotAuthenticated,
)
from userprofile.mechanisms import accounts, events, lockout, sessions, spraying
from userprofile.mechanisms.accounts import Account
from userprofile.models import LoginActivity, User

SUCCESS = LoginActivity.Attempt.LOGIN_SUCCESS
FAILED = LoginActivity.Attempt.LOGIN_FAILED
LOCKED = LoginActivity.Attempt.LOGIN_LOCKED


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What a caller offers, judged before the account's row is taken: hashing takes long."""

    email: str
    client: Client
    staff_only: bool
    checked_hash: str | None  # the hash the password was held against
    is_right: bool

    def is_outdated(self, account: Account) -> bool:
        """Whether a right password was held against a hash of before a reset, or before its upgrade."""
        return self.is_right and isinstance(account, User) and account.password != self.checked_hash


def sign_in(*, email: str, password: str, client: Client, staff_only: bool = False) -> LoginActivity:
    """Open a session for the right password; the session brings its user.

    Raises InvalidCredentials, AccountLockedNow on the failure that locks, AccountLocked from then
    on; TooManyRequests when the caller's network has failed too many accounts. An unknown address
    runs through the same statements with a decoy, in the same time; only PREVENT_ENUMERATION lets
    its lock be seen.
    """
    session, must_upgrade = _try(
        accounts.find_user(email), email=email, password=password, client=client, staff_only=staff_only
    )
    if must_upgrade and session.user:
        _upgrade_hash(session.user, password)
    return session


def confirm_password(*, user: User, password: str, client: Client) -> None:
    """Prove again who is sitting there; opens no session, but counts and is logged like a door.

    Raises InvalidCredentials, AccountLocked, TooManyRequests.
    """
    at = now()
    wait = spraying.count_attempt(client, at=at)
    if wait is not None:
        raise TooManyRequests(wait=wait)
    session, _ = _try(user, email=user.email, password=password, client=client)
    LoginActivity.objects.filter(pk=session.pk).end_open(at=at)


def _try(
    user: User | None, *, email: str, password: str, client: Client, staff_only: bool = False
) -> tuple[LoginActivity, bool]:
    """Hash, then decide under the row's lock. (the session, is its hash to be made anew)"""
    checked_hash = user.password if user else None
    is_right, must_upgrade = hashers.verify(password, checked_hash)
    attempt = Attempt(
        email=email, client=client, staff_only=staff_only, checked_hash=checked_hash, is_right=is_right
    )
    with transaction.atomic():
        account = (accounts.take(user) if user else None) or accounts.take_decoy(accounts.decoy_for(email))
        # Outdated, it is neither a success nor a failure before it was held against the new hash.
        if attempt.is_outdated(account):
            session, refusal = None, None
        else:
            session, refusal = _record(attempt, account)
        wait = spraying.count_failure(email, client, at=session.created_at) if session and refusal else None
    if session is None:
        user = accounts.find_user(email)
        return _try(user, email=email, password=password, client=client, staff_only=staff_only)
    if refusal is not None:
        raise TooManyRequests(wait=wait) if wait is not None else _as_told(account, refusal)
    return session, must_upgrade


def sign_in_with_count(*, email: str, password: str, client: Client) -> LoginActivity:
    """`sign_in`, telling how many attempts remain and which addresses nobody has."""
    try:
        return sign_in(email=email, password=password, client=client)
    except AccountLockedNow:
        raise InvalidCredentialsLocked from None
    except InvalidCredentials as refusal:
        if refusal.attempts_remaining is None:
            raise UserDoesNotExist from None
        raise InvalidCredentialsWithCount(attempts_remaining=refusal.attempts_remaining) from None


def sign_out(*, session_id: int, beside: int | None = None, at: datetime) -> None:
    """End one session at once, on every process, and the one that a browser's cookie names beside it.

    Raises UserIsNotAuthenticated if the first is not open.
    """
    with transaction.atomic():
        session = LoginActivity.objects.open(at=at).filter(pk=session_id)
        # The first condition finds the row by its index, the second is tested again after a wait.
        user = User.objects.filter(pk__in=session.values("user_id"), is_active=True)
        if not user.filter(Exists(session.filter(user_id=OuterRef("pk")))).update(logout=at):
            raise UserIsNotAuthenticated
        ended = [session_id] if beside is None else [session_id, beside]
        if not LoginActivity.objects.filter(pk__in=ended).end_open(at=at):
            raise UserIsNotAuthenticated  # a parallel sign-out was quicker


def log_sign_out(*, user: User, client: Client, at: datetime) -> None:
    """A logout that finds no row of the activity log gets one of its own."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(logout=at)
        LoginActivity.objects.create(
            user=user,
            email=user.email,
            ip_address=client.ip_address,
            user_agent=client.user_agent,
            created_at=at,
            logout_time=at,
            attempt_name=LoginActivity.Attempt.LOGOUT,
        )


def _record(attempt: Attempt, account: Account) -> tuple[LoginActivity, Refusal | None]:
    """Decide under the row's lock, and write the outcome and its row of the activity log."""
    at = now()
    if lockout.is_in_force(account.sign_in_locked_at, at=at):
        return _log(attempt, account, LOCKED, at=at), AccountLocked()
    if isinstance(account, User) and attempt.is_right:
        return _record_right_password(attempt, account, at=at)
    accounts.write(account, **lockout.failed_sign_in(account, at=at))
    if account.sign_in_locked_at is None:
        return _log(attempt, account, FAILED, at=at), _invalid(account)
    lockout.announce(account, kind="sign_in", ip_address=attempt.client.ip_address, at=at)
    return _log(attempt, account, LOCKED, at=at), AccountLockedNow()


def _record_right_password(
    attempt: Attempt, user: User, *, at: datetime
) -> tuple[LoginActivity, Refusal | None]:
    if attempt.staff_only and not user.is_staff:
        return _log(attempt, user, FAILED, at=at), _invalid(user)  # nobody guessed anything: not counted
    accounts.write(user, **lockout.NO_SIGN_IN_LOCK, last_login=at)
    return _log(attempt, user, SUCCESS, at=at, **sessions.lifetimes(signed_in_at=at, at=at)), None


def _invalid(account: Account) -> InvalidCredentials:
    return InvalidCredentials(attempts_remaining=settings.LOGIN_MAX_FAILURES - account.sign_in_failures)


def _as_told(account: Account, refusal: Refusal) -> Refusal:
    """What happened to a decoy is told with PREVENT_ENUMERATION alone."""
    if isinstance(account, User) or settings.PREVENT_ENUMERATION:
        return refusal
    return InvalidCredentials(attempts_remaining=None)


def _log(
    attempt: Attempt, account: Account, name: LoginActivity.Attempt, *, at: datetime, **columns: Any
) -> LoginActivity:
    user = account if isinstance(account, User) else None
    events.record("sign_in", label=str(name), user_id=user.pk if user else None)
    return LoginActivity.objects.create(
        user=user,
        email=user.email if user else _address(attempt.email),
        ip_address=attempt.client.ip_address,
        user_agent=attempt.client.user_agent,
        created_at=at,
        attempt_name=name,
        **columns,
    )


def _address(entered: str) -> str:
    """What was entered, if it is an address: a password typed into the wrong field is kept nowhere."""
    try:
        canonical(entered)
    except ValueError:
        return ""
    return entered.strip()[:254]


def _upgrade_hash(user: User, password: str) -> None:
    """A hash of today's strength in place of the old one, unless the password has changed since."""
    new_hash = hashers.hash_password(password)
    if not User.objects.filter(pk=user.pk, password=user.password).update(password=new_hash):
        stored = User.objects.filter(pk=user.pk).values_list("password", flat=True).first()
        if stored is None or not hashers.verify(password, stored)[0]:
            return
        new_hash = stored
    user.password = new_hash  # a Django session that is about to begin is bound to it
