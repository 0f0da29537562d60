"""Distinct accounts failed by one network, the alarm over all networks, and how much room both take."""

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from userprofile.client import Client, client_of
from userprofile.exceptions import AccountLocked, InvalidCredentials, TooManyRequests
from userprofile.journeys import login
from userprofile.mechanisms import accounts, events, retention, spraying
from userprofile.models import Decoy, LoginActivity, ThrottleCounter, User
from userprofile.tests.conftest import PASSWORD

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)  # the clock's START; its hour ends in 1987 seconds
HERE = Client(ip_address="192.0.2.1")
THERE = Client(ip_address="192.0.2.2")
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
Rings = Callable[[], list[logging.LogRecord]]


@pytest.fixture(autouse=True)
def three_accounts_an_hour(settings: Settings, clock: Any, db: None) -> None:
    settings.THROTTLES = True
    settings.THROTTLE_SPRAY = (3, 3600)
    settings.THROTTLE_SIGN_IN = (1000, 60)
    settings.SIGN_IN_FAILURES_ALARM = (1000, 3600)


@pytest.fixture
def rings(caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any) -> Iterator[Rings]:
    """`rings()`: the alarms that were written to the log until now."""
    with caplog.at_level(logging.INFO), django_capture_on_commit_callbacks(execute=True):
        yield lambda: [line for line in caplog.records if getattr(line, "event", "") == "alarm"]


def fail(email: str, *, client: Client = HERE, times: int = 1, at: datetime = AT) -> list[float | None]:
    """Only the count, as sign-in's last statement makes it: without hashing a password."""
    return [spraying.count_failure(email, client, at=at) for _ in range(times)]


def spray(count: int, *, client: Client = HERE, at: datetime = AT) -> list[float | None]:
    return [
        wait for number in range(count) for wait in fail(f"user{number}@example.com", client=client, at=at)
    ]


def must_wait(client: Client = HERE, *, at: datetime = AT) -> float | None:
    return spraying.count_attempt(client, at=at)


def statements(attempt: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        attempt()
    return [query["sql"] for query in captured if not query["sql"].startswith(CONTROL)]


def try_to_enter(email: str, password: str = "wrong", *, client: Client = HERE) -> type[Exception] | None:
    try:
        login.sign_in(email=email, password=password, client=client)
    except (InvalidCredentials, AccountLocked, TooManyRequests) as refusal:
        return type(refusal)
    return None


# --- One network, many accounts ---------------------------------------------------------------


def test_one_account_more_than_the_limit_closes_the_network_until_its_window_ends() -> None:
    assert spray(3) == [None, None, None]
    assert must_wait() is None
    assert spray(4) == [None, None, None, 1987.0]
    assert must_wait() == 1987.0
    assert must_wait(at=AT + timedelta(seconds=1986)) == 1.0
    assert must_wait(at=AT + timedelta(seconds=1987)) is None


def test_no_account_counts_twice_in_one_window_in_any_spelling() -> None:
    spray(2)
    for spelling in ("kim@example.com", "KIM@Example.COM", " kim@example.com ", "\u212aim@example.com"):
        assert fail(spelling, times=5) == [None] * 5
    assert fail("lee@example.com") == [1987.0]


def test_every_account_counts_again_in_the_next_window() -> None:
    spray(4)
    later = AT + timedelta(seconds=1987)
    assert spray(4, at=later) == [None, None, None, 3600.0]


def test_networks_are_counted_apart() -> None:
    assert spray(4)[-1] is not None
    assert (must_wait(THERE), spray(3, client=THERE)) == (None, [None] * 3)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_an_ipv6_customer_is_one_network(one: str, other: str, together: bool, rf: Any) -> None:
    first, second = (client_of(rf.post("/", REMOTE_ADDR=address)) for address in (one, other))
    spray(2, client=first)
    spray(4, client=second)
    assert (must_wait(first) is not None) is together


def test_what_is_no_address_is_counted_as_it_stands() -> None:
    assert [wait for odd in ("", "@", "x" * 300, "a\ud800@b") for wait in fail(odd)] == [
        None,
        None,
        None,
        1987.0,
    ]


def test_clients_without_an_address_share_one_count() -> None:
    spray(4, client=Client(ip_address=None))
    assert must_wait(Client(ip_address=None)) == 1987.0


# --- Through sign-in --------------------------------------------------------------------------


def test_known_and_unknown_accounts_count_alike(user: User, make_user: Callable[..., User]) -> None:
    make_user("gone@example.com", is_active=False)
    refused = [
        try_to_enter(email)
        for email in (user.email, "nobody@example.com", "gone@example.com", "else@example.com")
    ]
    assert refused == [InvalidCredentials] * 3 + [TooManyRequests]


def test_the_refused_attempt_is_counted_and_logged_like_every_failure(user: User) -> None:
    spray(3)
    assert try_to_enter(user.email) is TooManyRequests
    assert User.objects.get().sign_in_failures == 1
    assert list(LoginActivity.objects.values_list("email", "attempt_name")) == [(user.email, "login_failed")]


def test_right_passwords_neither_count_nor_refund(user: User, make_user: Callable[..., User]) -> None:
    for email in (user.email, *(make_user(f"right{number}@example.com").email for number in range(4))):
        assert try_to_enter(email, PASSWORD) is None
    assert spray(3) == [None] * 3
    assert try_to_enter(user.email, PASSWORD) is None
    assert fail("one@example.com") == [1987.0]


def test_locked_accounts_count_for_right_and_wrong_passwords_alike(
    user: User, make_user: Callable[..., User]
) -> None:
    other = make_user("lee@example.com")
    User.objects.update(sign_in_locked_at=AT - timedelta(hours=1))
    spray(2)
    assert try_to_enter(user.email, PASSWORD) is AccountLocked
    assert try_to_enter(user.email) is AccountLocked
    assert try_to_enter(other.email, PASSWORD) is TooManyRequests


def test_a_current_password_is_refused_where_sign_ins_are(user: User) -> None:
    spray(4)
    with pytest.raises(TooManyRequests) as refusal:
        login.confirm_password(user=user, password=PASSWORD, client=HERE)
    assert refusal.value.wait == 1987
    assert not LoginActivity.objects.exists()
    login.confirm_password(user=user, password=PASSWORD, client=THERE)


def test_a_current_password_counts_as_a_sign_in(user: User, settings: Settings) -> None:
    settings.THROTTLE_SIGN_IN = (1, 60)
    login.confirm_password(user=user, password=PASSWORD, client=HERE)
    with pytest.raises(TooManyRequests):
        login.confirm_password(user=user, password=PASSWORD, client=HERE)


def test_a_wrong_current_password_counts_as_a_failed_account(user: User) -> None:
    spray(3)
    with pytest.raises(TooManyRequests):
        login.confirm_password(user=user, password="wrong", client=HERE)


# --- What it costs ----------------------------------------------------------------------------


def test_a_right_password_takes_four_statements_and_no_counter(user: User) -> None:
    taken = statements(lambda: try_to_enter(user.email, PASSWORD))
    assert len(taken) <= 4, taken
    assert not [text for text in taken if "throttlecounter" in text]


@pytest.mark.parametrize("prevents", [False, True])
def test_a_failure_takes_one_statement_more_for_known_and_unknown_alike(
    user: User, settings: Settings, prevents: bool
) -> None:
    settings.PREVENT_ENUMERATION = prevents
    known = statements(lambda: try_to_enter(user.email))
    unknown = statements(lambda: try_to_enter("nobody@example.com"))
    assert len(known) == len(unknown) <= 5
    for taken in (known, unknown):
        assert ["throttlecounter" in text for text in taken] == [False] * (len(taken) - 1) + [True]


def test_a_failure_is_counted_while_its_accounts_row_is_held(user: User) -> None:
    with CaptureQueriesContext(connection) as captured:
        try_to_enter(user.email)
    *_, count, end = (query["sql"] for query in captured)
    assert "throttlecounter" in count
    assert end.startswith("RELEASE SAVEPOINT")


def test_a_sign_in_asks_all_its_counters_in_one_statement() -> None:
    assert len(statements(must_wait)) == 1


# --- The alarm --------------------------------------------------------------------------------


def test_the_alarm_rings_once_when_failures_over_all_accounts_reach_the_limit(
    settings: Settings, rings: Rings, django_capture_on_commit_callbacks: Any
) -> None:
    settings.SIGN_IN_FAILURES_ALARM = (4, 3600)
    with django_capture_on_commit_callbacks(execute=True):
        fail("kim@example.com", times=2)
        fail("lee@example.com", client=THERE)
    assert rings() == []
    with django_capture_on_commit_callbacks(execute=True):
        fail("lee@example.com", client=Client(ip_address="2001:db8::1"), times=9)
    [line] = rings()
    assert (line.levelno, line.name) == (logging.WARNING, "userprofile.event")
    assert line.getMessage() == "event=alarm kind=sign_in_failures failures=4 seconds=3600"


def test_the_alarm_rings_again_in_the_next_window(
    settings: Settings, rings: Rings, django_capture_on_commit_callbacks: Any
) -> None:
    settings.SIGN_IN_FAILURES_ALARM = (2, 600)  # the window ends in 187 seconds
    with django_capture_on_commit_callbacks(execute=True):
        fail("kim@example.com", times=3)
        fail("kim@example.com", at=AT + timedelta(seconds=187))
    assert len(rings()) == 1
    with django_capture_on_commit_callbacks(execute=True):
        fail("kim@example.com", at=AT + timedelta(seconds=188))
    assert len(rings()) == 2


def test_the_alarm_is_counted_as_an_event(
    settings: Settings, rings: Rings, django_capture_on_commit_callbacks: Any
) -> None:
    pytest.importorskip("prometheus_client")
    settings.SIGN_IN_FAILURES_ALARM = (1, 3600)
    counter = events.counters["alarm"].labels("sign_in_failures")
    before = counter._value.get()
    with django_capture_on_commit_callbacks(execute=True):
        fail("kim@example.com", times=3)
    assert counter._value.get() == before + 1


def test_failed_sign_ins_ring_and_successes_do_not(
    user: User, settings: Settings, rings: Rings, django_capture_on_commit_callbacks: Any
) -> None:
    settings.SIGN_IN_FAILURES_ALARM = (2, 3600)
    with django_capture_on_commit_callbacks(execute=True):
        assert try_to_enter(user.email) is InvalidCredentials
        assert try_to_enter(user.email, PASSWORD) is None
    assert rings() == []
    with django_capture_on_commit_callbacks(execute=True):
        assert try_to_enter("nobody@example.com") is InvalidCredentials
    assert len(rings()) == 1


def test_a_network_that_fails_one_account_too_many_is_told_of_once_in_its_window(
    rings: Rings, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        spray(3)
        fail("user2@example.com", times=5)
    assert rings() == []
    with django_capture_on_commit_callbacks(execute=True):
        spray(6)
        fail("user3@example.com", times=5)
    [line] = rings()
    assert (line.levelno, line.name) == (logging.WARNING, "userprofile.event")
    told = "event=alarm kind=spraying network=192.0.2.1 accounts=4 seconds=3600"
    assert line.getMessage() == told


def test_one_account_tried_again_beyond_the_limit_is_told_of_once(
    rings: Rings, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        spray(4)
        fail("user3@example.com", times=5)
    assert len(rings()) == 1


def test_each_network_and_each_window_is_told_of(
    rings: Rings, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        spray(5)
        spray(5, client=Client(ip_address="2001:db8:1:2::1"))
        spray(5, at=AT + timedelta(seconds=1987))
    networks = [getattr(line, "network", None) for line in rings()]
    assert networks == ["192.0.2.1", "2001:db8:1:2::/64", "192.0.2.1"]


def test_spraying_is_counted_as_an_event(rings: Rings, django_capture_on_commit_callbacks: Any) -> None:
    pytest.importorskip("prometheus_client")
    counter = events.counters["alarm"].labels("spraying")
    before = counter._value.get()
    with django_capture_on_commit_callbacks(execute=True):
        spray(9)
    assert counter._value.get() == before + 1


def test_without_throttles_nothing_is_counted_refused_or_rung(
    user: User, settings: Settings, rings: Rings, django_capture_on_commit_callbacks: Any
) -> None:
    spray(4)
    ThrottleCounter.objects.exclude(requests=4).delete()
    settings.THROTTLES = False
    settings.SIGN_IN_FAILURES_ALARM = (1, 3600)
    before = ThrottleCounter.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        assert spray(9) == [None] * 9
        assert try_to_enter("nobody@example.com") is InvalidCredentials
        login.confirm_password(user=user, password=PASSWORD, client=HERE)
    assert (must_wait(), rings(), ThrottleCounter.objects.count()) == (None, [], before)


# --- Room -------------------------------------------------------------------------------------


def test_no_counter_holds_an_address_or_a_network_in_clear() -> None:
    fail("kim@example.com")
    keys = list(ThrottleCounter.objects.values_list("key", flat=True))
    assert [len(key) for key in keys] == [64] * 3
    assert not [key for key in keys if re.search(r"[^0-9a-f]", key)]


def test_an_account_takes_one_row_however_often_it_is_failed() -> None:
    fail("kim@example.com", times=50)
    assert ThrottleCounter.objects.count() == 3  # the pair, the network, the alarm
    fail("lee@example.com", times=50)
    assert ThrottleCounter.objects.count() == 4


def test_pruning_leaves_the_running_windows_and_nothing_else() -> None:
    spray(4)
    assert retention.prune(at=AT + timedelta(seconds=1986))["throttle counters"] == 0
    assert must_wait(at=AT + timedelta(seconds=1986)) == 1.0
    retention.prune(at=AT + timedelta(seconds=1988))
    assert list(ThrottleCounter.objects.filter(window_ends_at__lt=AT + timedelta(seconds=1988))) == []


def test_unknown_addresses_share_a_bounded_number_of_decoys(monkeypatch: pytest.MonkeyPatch) -> None:
    buckets = {accounts.decoy_for(f"nobody{number}@example.com").bucket for number in range(3000)}
    assert (min(buckets) >= 0, max(buckets) < accounts.DECOY_BUCKETS) == (True, True)
    assert len(buckets) > 2800  # spread, so that strangers seldom meet
    monkeypatch.setattr(accounts, "DECOY_BUCKETS", 4)
    for number in range(100):
        accounts.take_decoy(accounts.decoy_for(f"nobody{number}@example.com"))
    assert Decoy.objects.count() == 4


def test_trying_unknown_addresses_takes_decoys_alone(settings: Settings) -> None:
    for number in range(3):
        try_to_enter(f"nobody{number}@example.com")
    assert (User.objects.count(), Decoy.objects.count()) == (0, 3)
    for number in range(3):
        try_to_enter(f"NOBODY{number}@example.com ")
    assert Decoy.objects.count() == 3


def test_pruning_deletes_the_decoys_that_nobody_has_asked_for_within_the_retention(
    settings: Settings, clock: Any
) -> None:
    accounts.take_decoy(Decoy(bucket=1))
    clock.shift(settings.ACTIVITY_RETENTION)
    accounts.take_decoy(Decoy(bucket=2))
    at = AT + settings.ACTIVITY_RETENTION + timedelta(seconds=1)
    assert retention.prune(at=at)["decoys"] == 1
    assert list(Decoy.objects.values_list("bucket", flat=True)) == [2]
