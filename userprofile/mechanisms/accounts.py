"""Finds the account behind an address, and takes its row so that one request decides at a time."""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.db import connection

from config import keys
from userprofile.addresses import canonical
from userprofile.clock import now
from userprofile.models import Decoy, User

Account = User | Decoy
DECOY_BUCKETS = 2**24


def find_user(email: str, *, whole: bool = False) -> User | None:
    """The active user with this address in any spelling; a deactivated one counts as unknown.

    Unless it is wanted whole it brings only what `take` and a sign-in need: reading all the columns
    would tell by its time that somebody was found.
    """
    try:
        form = canonical(email)
    except ValueError:
        return None
    users = User.objects.filter(email_canonical=form, is_active=True)
    found: User | None = (users if whole else users.only("password")).first()
    return found


def find_account(email: str) -> Account | None:
    """The user, or while PREVENT_ENUMERATION is on a decoy that counts like one."""
    user = find_user(email)
    return decoy_for(email) if user is None and settings.PREVENT_ENUMERATION else user


def decoy_for(email: str) -> Decoy:
    """The (unsaved) stand-in for an address that nobody has."""
    try:
        form = canonical(email)
    except ValueError:
        form = email
    digest = hmac.new(keys.derive("decoy", settings.SECRET_KEY), form.encode(), hashlib.sha256).digest()
    return Decoy(bucket=int.from_bytes(digest[:8]) % DECOY_BUCKETS)


def take(account: Account) -> Account | None:
    """The account's row as it is now, locked until the transaction ends; None if it is gone.

    Always the first statement of a transaction: user first, then its sessions and mails, is the
    one lock order here. SQLite has no row locks; IMMEDIATE transactions do the same there.
    """
    if isinstance(account, Decoy):
        return take_decoy(account)
    table = connection.ops.quote_name(User._meta.db_table)
    lock = "FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""
    # Without the ORM's work, as take_decoy is: a user must not cost more than nobody does.
    rows = User.objects.raw(f"SELECT * FROM {table} WHERE id = %s AND is_active {lock}", [account.pk])  # noqa: S608
    return next(iter(rows), None)


def take_decoy(decoy: Decoy) -> Decoy:
    """Made if missing, locked and read, in the one statement that taking a user costs as well."""
    table = connection.ops.quote_name(Decoy._meta.db_table)
    return Decoy.objects.raw(
        f"INSERT INTO {table} (bucket, sign_in_failures, reset_failures, forget_password_attempts,"  # noqa: S608
        " updated_at) VALUES (%s, 0, 0, 0, %s)"
        " ON CONFLICT (bucket) DO UPDATE SET updated_at = excluded.updated_at RETURNING *",
        [decoy.bucket, connection.ops.adapt_datetimefield_value(now())],
    )[0]


def write(account: Account, **values: object) -> None:
    """Change columns of a row that `take` gave, there and in the object."""
    type(account)._base_manager.filter(pk=account.pk).update(**values)
    for name, value in values.items():
        setattr(account, name, value)


def told(account: Account, *, label: str) -> dict[str, Any]:
    """What an event says of the account; operators tell decoys apart by the label."""
    if isinstance(account, User):
        return {"label": label, "user_id": account.pk}
    return {"label": f"{label} (decoy)", "user_id": None}


def claim(*names: str) -> None:
    """Until the transaction ends nobody else decides about these addresses and usernames.

    No constraint can keep one user's address out of another's username: two columns, two rows.
    SQLite's IMMEDIATE transactions let one request decide at a time anyway.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for form in sorted(map(_comparable, names)):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [form])


def _comparable(name: str) -> str:
    try:
        return canonical(name)
    except ValueError:
        return name.casefold()
