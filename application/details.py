"""The details of an application: who may see them, and how they change."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import IntegrityError, transaction

from application.exceptions import ApplicationDoesNotExist, LicenceEndsBeforeItStarts
from application.models import LICENCE_CONSTRAINT, Application

STAFF_FIELDS = frozenset({"is_ats", "license_start_date", "license_end_date"})


def find(*, application_id: int, user: AbstractUser | AnonymousUser) -> Application:
    """The application, if this user may see it. Raises ApplicationDoesNotExist."""
    application = Application.objects.visible_to(user).filter(pk=application_id).first()
    if application is None:
        raise ApplicationDoesNotExist
    return application


def update(
    *, application: Application, changes: Mapping[str, Any], user: AbstractUser | AnonymousUser
) -> None:
    """Write the given columns and no others; licence dates and is_ats from staff alone.

    Raises LicenceEndsBeforeItStarts, and ApplicationDoesNotExist if it has meanwhile been
    deleted or given to another owner.
    """
    columns = _columns(application, changes, is_staff=user.is_staff)
    _refuse_reversed_licence(application, columns)
    if not columns:
        return
    try:
        with transaction.atomic():
            found = Application.objects.visible_to(user).filter(pk=application.pk).update(**columns)
    except IntegrityError as error:
        # Somebody else has just changed the other date.
        if LICENCE_CONSTRAINT in str(error):
            raise LicenceEndsBeforeItStarts from None
        raise
    if not found:
        raise ApplicationDoesNotExist


def _columns(application: Application, changes: Mapping[str, Any], *, is_staff: bool) -> dict[str, Any]:
    columns = {name: value for name, value in changes.items() if is_staff or name not in STAFF_FIELDS}
    if "secret_key" in columns:
        application.set_secret_key(columns.pop("secret_key"))
        columns["secret_key_hash"] = application.secret_key_hash
        columns["secret_key_set_at"] = application.secret_key_set_at
    return columns


def _refuse_reversed_licence(application: Application, columns: Mapping[str, Any]) -> None:
    start = columns.get("license_start_date", application.license_start_date)
    end = columns.get("license_end_date", application.license_end_date)
    if start is not None and end is not None and end < start:
        raise LicenceEndsBeforeItStarts
