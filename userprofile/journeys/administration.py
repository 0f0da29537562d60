"""What an admin changes in an account: its details, its password."""

from typing import Any

from django.db import IntegrityError, transaction

from userprofile.client import Client
from userprofile.clock import now
from userprofile.journeys import profile
from userprofile.mechanisms import accounts, otp, outbox, sessions
from userprofile.models import EmailTemplates, User

UNTOLD = Client(ip_address=None)  # where the admin sits is not the owner's affair


def judge(user: User, changes: dict[str, Any]) -> None:
    """What the other accounts have to say to a new address or username. Raises FieldRefusal."""
    if "email" in changes:
        profile.judge_address(user, changes["email"])
    profile.judge_username(user, changes)


def create(user: User) -> None:
    """Raises FieldRefusal where another request took the address or the username meanwhile."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise profile.taken({"email": user.email, "username": user.username}) from None


def update(*, user: User, changes: dict[str, Any]) -> None:
    """Write the given columns and no others: counters that moved meanwhile stay as they are.

    A new address is treated as if its owner had changed it; deactivation ends every session.
    Raises FieldRefusal.
    """
    try:
        with transaction.atomic():
            profile.apply(user, changes, UNTOLD)
            if changes.get("is_active") is False:
                sessions.end_all(user, at=now())
    except IntegrityError:
        raise profile.taken(changes) from None


def set_password(*, user: User, client: Client = UNTOLD) -> None:
    """Write the hash that `user` carries, void open codes, end every session, tell the owner."""
    with transaction.atomic():
        row, at = User.objects.select_for_update(no_key=True).get(pk=user.pk), now()
        accounts.write(row, password=user.password)
        otp.void_open_codes(user=row, at=at)
        sessions.end_all(row, at=at)
        outbox.queue_notice(
            user=row, template=EmailTemplates.Name.PASSWORD_CHANGED, at=at, ip_address=client.ip_address
        )
