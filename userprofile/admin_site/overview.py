"""The admin's first page: what is locked or waiting now, and two weeks of sign-ins and mails."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from userprofile.admin_site.charts import Chart, stacked_columns
from userprofile.admin_site.states import BLOCKED, LOCKED, condition
from userprofile.mechanisms import outbox
from userprofile.models import EmailsLogs, LoginActivity, User

DAYS = 14
Attempt, Status = LoginActivity.Attempt, EmailsLogs.Status
SIGN_INS = {
    "succeeded": (Attempt.LOGIN_SUCCESS,),
    "failed": (Attempt.LOGIN_FAILED,),
    "refused by a lock": (Attempt.LOGIN_LOCKED,),
}
MAILS = {
    "sent": (Status.SENT,),
    "waiting": (Status.QUEUED, Status.SENDING),
    "failed": (Status.FAILED,),
    "expired or replaced": (Status.EXPIRED, Status.REPLACED),
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    label: str
    value: str
    list_name: str  # the changelist that shows the rows
    query: str


@dataclass(frozen=True, kw_only=True)
class Overview:
    figures: list[Figure]
    charts: list[Chart]


def for_viewer(viewer: AbstractUser | AnonymousUser, *, at: datetime) -> Overview:
    """What this member of staff may see: each table's figures go with the permission to view it."""
    seen = Overview(figures=[], charts=[])
    if viewer.has_perm("userprofile.view_user"):
        seen.figures.extend(_accounts(at))
    if viewer.has_perm("userprofile.view_emailslogs"):
        seen.figures.extend(_waiting(at))
    if viewer.has_perm("userprofile.view_loginactivity"):
        seen.charts.append(_sign_ins(at))
    if viewer.has_perm("userprofile.view_emailslogs"):
        seen.charts.append(_mails(at))
    return seen


def _accounts(at: datetime) -> Iterable[Figure]:
    for state in (LOCKED, BLOCKED):
        number = User.objects.filter(condition(state, at=at)).count()
        yield Figure(
            label=f"{state} now",
            value=f"{number:,}",
            list_name="admin:userprofile_user_changelist",
            query=f"state={state}",
        )


def _waiting(at: datetime) -> Iterable[Figure]:
    mails = "admin:userprofile_emailslogs_changelist"
    waiting = outbox.depth()
    seconds = outbox.oldest_unsent_seconds(at=at)
    age = "none" if seconds is None else str(timedelta(seconds=seconds))
    yield Figure(label="mails waiting", value=f"{waiting:,}", list_name=mails, query="status__exact=queued")
    yield Figure(label="oldest unsent", value=age, list_name=mails, query="status__exact=queued")


def _sign_ins(at: datetime) -> Chart:
    counted = _count_by_day(LoginActivity.objects.all(), "attempt_name", at=at)
    return _chart("sign-ins", "Sign-ins by outcome", SIGN_INS, counted, at=at)


def _mails(at: datetime) -> Chart:
    counted = _count_by_day(EmailsLogs.objects.all(), "status", at=at)
    return _chart("mails", "Mails by status, codes and notices", MAILS, counted, at=at)


def _count_by_day(rows: QuerySet[Any], column: str, *, at: datetime) -> dict[tuple[date, str], int]:
    """One query, over the part of the table that the index on created_at gives."""
    first = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    recent = rows.filter(created_at__gte=first - timedelta(days=DAYS - 1)).order_by()
    groups = recent.annotate(day=TruncDate("created_at")).values_list("day", column)
    return {(day, value): number for day, value, number in groups.annotate(number=Count("pk"))}


def _chart(
    name: str,
    title: str,
    kinds: Mapping[str, tuple[str, ...]],
    counted: dict[tuple[date, str], int],
    *,
    at: datetime,
) -> Chart:
    today = timezone.localtime(at).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    series = {
        label: [sum(counted.get((day, value), 0) for value in values) for day in days]
        for label, values in kinds.items()
    }
    return stacked_columns(name=name, title=title, days=days, series=series)
