"""Lifting a block or a lock: by the owner once its time has passed, by an admin at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.clock import now
from userprofile.exceptions import NotBlocked, NoUserToUnblock, TooEarlyToUnblock
from userprofile.journeys import unblocking
from userprofile.models import User

MailsTo = Callable[[User], list[str]]
COUNTS = {"sign_in_failures": 2, "reset_failures": 2, "forget_password_attempts": 4}


def refuse_everything(user: User, **columns: Any) -> None:
    moment = now()
    closed = {"sign_in_locked_at": moment, "reset_locked_at": moment, "blocked_at": moment}
    User.objects.filter(pk=user.pk).update(**COUNTS, last_code_requested_at=moment, **{**closed, **columns})


def state(user: User) -> dict[str, Any]:
    """The columns behind the three refusals that are set."""
    user.refresh_from_db()
    names = [*COUNTS, "sign_in_locked_at", "reset_locked_at", "last_code_requested_at", "blocked_at"]
    return {name: getattr(user, name) for name in names if getattr(user, name)}


# --- By the owner -----------------------------------------------------------------------------


def test_a_block_is_lifted_with_its_count_and_nothing_else(
    clock: Any, user: User, settings: Settings, mails_to: MailsTo
) -> None:
    refuse_everything(user)
    clock.shift(settings.UNBLOCK_AFTER)
    unblocking.unblock(email=user.email)
    assert set(state(user)) == {"sign_in_failures", "reset_failures", "sign_in_locked_at", "reset_locked_at"}
    assert mails_to(user) == []


def test_too_early_lifts_nothing(clock: Any, user: User, settings: Settings) -> None:
    refuse_everything(user)
    before = state(user)
    clock.shift(settings.UNBLOCK_AFTER - timedelta(seconds=1))
    with pytest.raises(TooEarlyToUnblock):
        unblocking.unblock(email=user.email)
    assert state(user) == before


def test_without_a_block_nothing_is_touched(clock: Any, user: User, settings: Settings) -> None:
    refuse_everything(user, blocked_at=None)
    before = state(user)
    clock.shift(settings.UNBLOCK_AFTER)
    with pytest.raises(NotBlocked):
        unblocking.unblock(email=user.email)
    assert state(user) == before


def test_nobody_cannot_be_unblocked(db: None, settings: Settings) -> None:
    with pytest.raises(NoUserToUnblock):
        unblocking.unblock(email="nobody@example.com")
    settings.PREVENT_ENUMERATION = True
    with pytest.raises(NotBlocked):
        unblocking.unblock(email="nobody@example.com")


# --- By an admin ------------------------------------------------------------------------------


def test_an_admins_unlock_lifts_both_locks_and_the_block_and_tells_the_owner(
    user: User, mails_to: MailsTo
) -> None:
    refuse_everything(user)
    assert unblocking.unlock_by_admin(user) is True
    assert state(user) == {}
    assert mails_to(user) == ["account_unlocked"]


def test_an_admins_unblock_lifts_the_block_alone_and_tells_the_owner(user: User, mails_to: MailsTo) -> None:
    refuse_everything(user)
    assert unblocking.unblock_by_admin(user) is True
    assert set(state(user)) == {"sign_in_failures", "reset_failures", "sign_in_locked_at", "reset_locked_at"}
    assert mails_to(user) == ["account_unlocked"]


@pytest.mark.parametrize("lift", [unblocking.unlock_by_admin, unblocking.unblock_by_admin])
def test_without_anything_to_lift_nobody_is_told(
    user: User, mails_to: MailsTo, lift: Callable[[User], bool]
) -> None:
    assert lift(user) is False
    assert mails_to(user) == []


def test_an_unlock_starts_counts_at_nothing_that_had_locked_nothing_yet(user: User) -> None:
    User.objects.update(**COUNTS)
    assert unblocking.unlock_by_admin(user) is False
    assert state(user) == {}


def test_an_admin_lifts_for_one_user_alone(user: User, make_user: Callable[..., User]) -> None:
    other = make_user("lou@example.com")
    refuse_everything(user)
    refuse_everything(other)
    unblocking.unlock_by_admin(user)
    assert state(other) != {}


def test_ending_all_sessions_signs_out_everywhere_and_tells_the_owner(
    user: User, make_user: Callable[..., User], sign_in: Callable[..., APIClient], mails_to: MailsTo
) -> None:
    visitors, other = [sign_in(user), sign_in(user)], make_user("lou@example.com")
    stays = sign_in(other)
    before = user.get_session_auth_hash()
    assert unblocking.end_sessions_by_admin(user) == 2
    path = f"/userprofile/User_update/{user.pk}/"
    assert [visitor.get(path).status_code for visitor in visitors] == [401, 401]
    assert stays.get(f"/userprofile/User_update/{other.pk}/").status_code == 200
    assert mails_to(user) == ["sessions_ended"]
    user.refresh_from_db()
    assert user.get_session_auth_hash() != before


def test_unlocking_ends_no_session(user: User, sign_in: Callable[..., APIClient]) -> None:
    visitor = sign_in(user)
    refuse_everything(user)
    unblocking.unlock_by_admin(user)
    assert visitor.get(f"/userprofile/User_update/{user.pk}/").status_code == 200
