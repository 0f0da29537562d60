"""Finding the account behind an address, taking its row, and the stand-ins for unknown addresses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from userprofile.clock import now
from userprofile.mechanisms import accounts
from userprofile.models import Decoy, User


@pytest.mark.parametrize(
    "email", ["kim@example.com", " KIM@Example.COM ", "\u212aim@example.com", "ｋｉｍ@example.com"]
)
def test_a_user_is_found_by_any_spelling(user: User, email: str) -> None:
    assert accounts.find_user(email) == user


@pytest.mark.parametrize("email", ["lou@example.com", "kim@example.org", "kim", "", "k\u0131m@example.com"])
def test_nobody_is_found_by_another_address(user: User, email: str) -> None:
    assert accounts.find_user(email) is None


def test_a_deactivated_user_counts_as_unknown(make_user: Callable[..., User], settings: Settings) -> None:
    gone = make_user("gone@example.com", is_active=False)
    assert accounts.find_user(gone.email) is None
    settings.PREVENT_ENUMERATION = True
    assert isinstance(accounts.find_account(gone.email), Decoy)


def test_a_decoy_stands_in_only_while_enumeration_is_prevented(user: User, settings: Settings) -> None:
    assert accounts.find_account("nobody@example.com") is None
    settings.PREVENT_ENUMERATION = True
    assert isinstance(accounts.find_account("nobody@example.com"), Decoy)
    assert accounts.find_account(user.email) == user


def test_spellings_of_one_address_share_a_decoy() -> None:
    buckets = {accounts.decoy_for(email).bucket for email in ("no@example.com", " NO@Example.com")}
    assert len(buckets) == 1


def test_decoys_are_bounded_and_spread(settings: Settings) -> None:
    buckets = [accounts.decoy_for(f"nobody{number}@example.com").bucket for number in range(300)]
    assert all(0 <= bucket < accounts.DECOY_BUCKETS for bucket in buckets)
    assert len(set(buckets)) > 290


def test_which_addresses_share_a_decoy_takes_the_secret_key_to_tell(settings: Settings) -> None:
    before = [accounts.decoy_for(f"nobody{number}@example.com").bucket for number in range(5)]
    settings.SECRET_KEY = "another-secret-key"
    assert [accounts.decoy_for(f"nobody{number}@example.com").bucket for number in range(5)] != before


def test_what_is_no_address_has_a_decoy_too() -> None:
    assert accounts.decoy_for("no address").bucket != accounts.decoy_for("none either").bucket


# --- Taking and writing -----------------------------------------------------------------------


def test_taking_reads_the_row_as_it_is_now(user: User) -> None:
    User.objects.update(sign_in_failures=2)
    with transaction.atomic():
        taken = accounts.take(user)
    assert taken is not None
    assert taken.sign_in_failures == 2


@pytest.mark.parametrize("change", [{"is_active": False}, None])
def test_who_is_gone_or_deactivated_meanwhile_is_not_taken(user: User, change: dict[str, Any] | None) -> None:
    if change:
        User.objects.update(**change)
    else:
        User.objects.all().delete()
    with transaction.atomic():
        assert accounts.take(user) is None


def test_taking_a_user_locks_the_row_in_one_statement(user: User) -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        accounts.take(user)
    assert len(captured) == 1
    if connection.vendor == "postgresql":
        assert captured[0]["sql"].endswith("FOR NO KEY UPDATE")


def test_taking_a_decoy_makes_its_row_once_and_keeps_its_counts(clock: Any, db: None) -> None:
    decoy = Decoy(bucket=7)
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        taken = accounts.take(decoy)
    assert len(captured) == 1
    assert isinstance(taken, Decoy)
    assert (taken.sign_in_failures, taken.reset_locked_at) == (0, None)
    accounts.write(taken, sign_in_failures=2)
    clock.shift(60)
    again = accounts.take(decoy)
    assert again is not None
    assert again.sign_in_failures == 2
    assert Decoy.objects.count() == 1


def test_taking_a_decoy_says_that_it_is_in_use(clock: Any, db: None) -> None:
    accounts.take(Decoy(bucket=7))
    clock.shift(timedelta(days=1))
    accounts.take(Decoy(bucket=7))
    assert Decoy.objects.get().updated_at == now()


def test_writing_changes_the_row_and_the_object(user: User) -> None:
    other = User.objects.create_user(username="lou", email="lou@example.com")
    accounts.write(user, reset_failures=2)
    assert user.reset_failures == 2
    rows = User.objects.order_by("id").values_list("pk", "reset_failures")
    assert list(rows) == [(user.pk, 2), (other.pk, 0)]


def test_names_are_claimed_in_one_order_on_postgresql(db: None) -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        accounts.claim("Zoe@Example.com", "adam")
    texts = [query["sql"] for query in captured]
    if connection.vendor == "postgresql":
        assert ["adam" in texts[0], "zoe@example.com" in texts[1]] == [True, True]
    else:
        assert texts == []
