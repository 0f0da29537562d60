"""What an admin does to accounts from their list: each deed recorded in the history and mailed."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from userprofile.journeys import unblocking
from userprofile.models import User

Deed = Callable[[User], int]  # how much there was to lift or to end
Words = Callable[[int], str]


@admin.action(description="Unlock: lift both locks and the block", permissions=["change"])
def unlock(model_admin: Any, request: HttpRequest, queryset: QuerySet[User]) -> None:
    found = _carry_out(model_admin, request, queryset, deed=unblocking.unlock_by_admin, words=_unlocked)
    _tell(model_admin, request, f"Unlocked. {_had_something(found)}")


@admin.action(description="Unblock: lift the block alone", permissions=["change"])
def unblock(model_admin: Any, request: HttpRequest, queryset: QuerySet[User]) -> None:
    found = _carry_out(model_admin, request, queryset, deed=unblocking.unblock_by_admin, words=_unblocked)
    _tell(model_admin, request, f"Unblocked. {_had_something(found)}")


@admin.action(description="End all sessions", permissions=["change"])
def end_all_sessions(model_admin: Any, request: HttpRequest, queryset: QuerySet[User]) -> None:
    found = _carry_out(model_admin, request, queryset, deed=unblocking.end_sessions_by_admin, words=_ended)
    _tell(model_admin, request, f"Ended {sum(found)} open sessions of {len(found)} accounts.")


def _carry_out(
    model_admin: Any, request: HttpRequest, users: QuerySet[User], *, deed: Deed, words: Words
) -> list[int]:
    """Each account in a transaction of its own, with its line of history. (what was found, for each)"""
    chosen = list(users)
    allowed = [user for user in chosen if model_admin.has_change_permission(request, user)]
    found = []
    for user in allowed:
        with transaction.atomic():
            found.append(int(deed(user)))
            model_admin.log_change(request, user, words(found[-1]))
    if refused := len(chosen) - len(allowed):
        text = f"{refused} left alone: only a superuser may change another account that has rights."
        model_admin.message_user(request, text, messages.ERROR)
    return found


def _unlocked(found: int) -> str:
    return "Unlocked: both locks and the block." if found else "Unlocked: nothing was closed, counts cleared."


def _unblocked(found: int) -> str:
    return "Unblocked: the block." if found else "Unblocked: nothing was closed, counts cleared."


def _ended(found: int) -> str:
    return f"Ended all sessions: {found} open."


def _had_something(found: list[int]) -> str:
    return f"{sum(found)} of {len(found)} accounts had something to lift."


def _tell(model_admin: Any, request: HttpRequest, text: str) -> None:
    model_admin.message_user(request, text, messages.SUCCESS)
