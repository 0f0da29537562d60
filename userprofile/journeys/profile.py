"""A user's details: who may see them, and how they change."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from userprofile import addresses
from userprofile.addresses import canonical
from userprofile.client import Client
from userprofile.clock import now
from userprofile.exceptions import (
    FieldRefusal,
    InvalidCredentials,
    ReauthenticationRequired,
    TooManyRequests,
    UserIdDoesNotExist,
)
from userprofile.journeys import login
from userprofile.mechanisms import accounts, counters, otp, outbox
from userprofile.models import EmailTemplates, LoginActivity, User

TAKEN = "A user with that {} already exists."


def find(*, user_id: int, viewer: User, to_change: bool = False) -> User:
    """The user with this id, for itself and for staff; for anyone else it does not exist.

    Nor do staff whom others than a superuser want to change: with the address they would have the account.
    """
    if user_id == viewer.pk:
        return viewer
    users = User.objects.filter(is_active=True) if viewer.is_staff else User.objects.none()
    user: User | None = users.filter(pk=user_id).first()
    has_rights = user is not None and (user.is_staff or user.is_superuser)
    if user is None or (to_change and has_rights and not viewer.is_superuser):
        raise UserIdDoesNotExist
    return user


def update(
    *,
    user: User,
    changes: dict[str, Any],
    session: LoginActivity | None,
    current_password: str | None,
    client: Client,
) -> None:
    """Change the given columns and no others, all or none.

    `changes` holds valid values; a new address or username is judged here, against the other
    accounts. Raises FieldRefusal, ReauthenticationRequired, AccountLocked, TooManyRequests.
    """
    if changes.keys() & {"email", "username"}:
        _count_new_name(session.user if session and session.user else user)
    if "email" in changes:
        _judge_form(changes["email"])
        _demand_proof_of_identity(session, current_password, client)
    try:
        with transaction.atomic():
            apply(user, changes, client)
    except IntegrityError:
        raise taken(changes) from None


def apply(user: User, changes: dict[str, Any], client: Client) -> None:
    """Write the columns under the row's lock; a new address brings what belongs to it."""
    row = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    if row is None:
        raise UserIdDoesNotExist  # deleted since it was found
    accounts.claim(*(changes[name] for name in ("email", "username") if name in changes))
    judge_username(row, changes)
    if "email" in changes:
        judge_address(row, changes["email"])
        _change_address(row, changes["email"], client, at=now())
    if changes:
        User.objects.filter(pk=row.pk).update(**changes)


def _count_new_name(caller: User) -> None:
    """Each refusal tells that somebody has the name, and each new address is sent a mail."""
    if settings.THROTTLES:
        wait = counters.count({f"new name:{caller.pk}": settings.THROTTLE_MAIL}, at=now())
        if wait is not None:
            raise TooManyRequests(wait=wait)


def judge_address(user: User, address: str) -> None:
    """Whether the user may have this address. Raises FieldRefusal."""
    _judge_form(address)
    form = canonical(address)
    others = User.objects.exclude(pk=user.pk)
    if others.filter(Q(email_canonical=form) | Q(_has_username(form))).exists():
        raise FieldRefusal(email=[TAKEN.format("email")])


def _judge_form(address: str) -> None:
    try:
        addresses.validate_new(address)
    except ValueError as error:
        raise FieldRefusal(email=[str(error)]) from None


def judge_username(user: User, changes: dict[str, Any]) -> None:
    """A username that is another user's address could be taken for that user. Raises FieldRefusal."""
    if "username" not in changes:
        return
    username = changes["username"]
    others = User.objects.exclude(pk=user.pk)
    same = Q(_has_username(username))
    if "@" in username:
        try:
            same |= Q(email_canonical=canonical(username))
        except ValueError:
            raise FieldRefusal(username=["Enter a valid username."]) from None
    if others.filter(same).exists():
        raise FieldRefusal(username=[TAKEN.format("username")])


def _has_username(username: str) -> Exact:
    """In any case, as the unique index has it."""
    return Exact(Lower("username"), Lower(Value(username)))


def _demand_proof_of_identity(
    session: LoginActivity | None, current_password: str | None, client: Client
) -> None:
    """A stolen token must not become the account: a fresh sign-in, or the caller's own password.

    A wrong password here counts towards the sign-in lock, as at every other door.
    """
    if session is not None and now() - session.created_at < settings.REAUTHENTICATE_AFTER:
        return
    if session is None or session.user is None or not current_password:
        raise ReauthenticationRequired
    try:
        login.confirm_password(user=session.user, password=current_password, client=client)
    except InvalidCredentials:
        raise ReauthenticationRequired from None


def _change_address(user: User, address: str, client: Client, *, at: datetime) -> None:
    """The new address is unverified, codes sent to the old one are void, both addresses are told."""
    otp.void_open_codes(user=user, at=at)
    for recipient in (user.email, address):
        outbox.queue_notice(
            user=user,
            template=EmailTemplates.Name.EMAIL_CHANGED,
            at=at,
            ip_address=client.ip_address,
            to_email=recipient,
            new_email=address,
        )
    User.objects.filter(pk=user.pk).update(is_email_verified=False)


def taken(changes: dict[str, Any]) -> FieldRefusal:
    """Another request took the value between the look and the write: the unique column said so."""
    form = canonical(changes["email"]) if "email" in changes else ""
    name = "email" if User.objects.filter(email_canonical=form).exists() else "username"
    return FieldRefusal(**{name: [TAKEN.format(name)]})
