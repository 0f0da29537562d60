"""The list of users: filtered by state, searched by any spelling, and what is done from it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client
from rest_framework.test import APIClient

from userprofile.clock import now
from userprofile.models import LoginActivity, User
from userprofile.tests.admin.conftest import USERS, messages_of

LIFTED = {
    "sign_in_failures": 0,
    "sign_in_locked_at": None,
    "reset_failures": 0,
    "reset_locked_at": None,
    "forget_password_attempts": 0,
    "last_code_requested_at": None,
    "blocked_at": None,
}


def found(browser: Client, **query: str) -> list[str]:
    response = browser.get(USERS, query)
    assert response.status_code == 200, response["Location"]
    return [user.email for user in response.context["cl"].result_list]


def state_of(user: User) -> dict[str, Any]:
    user.refresh_from_db()
    return {name: getattr(user, name) for name in LIFTED}


def run(browser: Client, action: str, *users: User) -> list[str]:
    chosen = {"action": action, "_selected_action": [user.pk for user in users]}
    return messages_of(browser.post(USERS, chosen, follow=True))


@pytest.fixture
def shut(make_user: Callable[..., User]) -> User:
    """Both locks, and the block."""
    user = make_user("shut@example.com")
    closed = {"sign_in_locked_at": now(), "reset_locked_at": now(), "blocked_at": now()}
    counts = {"sign_in_failures": 3, "reset_failures": 3, "forget_password_attempts": 5}
    User.objects.filter(pk=user.pk).update(**closed, **counts, last_code_requested_at=now())
    user.refresh_from_db()
    return user


class TestFilters:
    @pytest.mark.parametrize("column", ["sign_in_locked_at", "reset_locked_at"])
    def test_locked(self, column: str, by_root: Client, user: User, staff: User) -> None:
        User.objects.filter(pk=user.pk).update(**{column: now()})
        assert found(by_root, state="locked") == [user.email]

    def test_lock_that_has_lapsed_is_none(
        self, clock: Any, by_root: Client, user: User, settings: LazySettings
    ) -> None:
        settings.LOCK_DURATION = timedelta(seconds=900)
        User.objects.filter(pk=user.pk).update(sign_in_locked_at=now())
        assert found(by_root, state="locked") == [user.email]
        assert "badge-locked" in by_root.get(USERS).content.decode()
        clock.shift(900)
        assert found(by_root, state="locked") == []
        assert "badge-locked" not in by_root.get(USERS).content.decode()

    def test_blocked(self, by_root: Client, user: User, staff: User) -> None:
        User.objects.filter(pk=user.pk).update(blocked_at=now())
        assert found(by_root, state="blocked") == [user.email]

    def test_unverified(self, by_root: Client, user: User) -> None:
        User.objects.exclude(pk=user.pk).update(is_email_verified=True)
        assert found(by_root, state="unverified") == [user.email]

    def test_deactivated(self, by_root: Client, user: User) -> None:
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert found(by_root, state="deactivated") == [user.email]

    def test_states_stand_in_the_list_as_text(self, by_root: Client, shut: User) -> None:
        User.objects.filter(pk=shut.pk).update(is_active=False)
        html = by_root.get(USERS).content.decode()
        for word in ("locked", "blocked", "unverified", "deactivated"):
            assert f'<span class="badge badge-{word}">{word}</span>' in html


class TestSearch:
    @pytest.mark.parametrize(
        "term",
        [
            "kim@example.com",
            " KIM@EXAMPLE.COM ",
            "\uff4bim@example.com",
            "kim@exam",
            "Kim-at",
            "Novak",
            "kimberley",
        ],
    )
    def test_user_is_found_by(self, term: str, by_root: Client, user: User) -> None:
        User.objects.filter(pk=user.pk).update(first_name="Kimberley", last_name="Novak")
        assert found(by_root, q=term) == [user.email]

    def test_address_with_a_german_host(self, by_root: Client, make_user: Callable[..., User]) -> None:
        make_user("kim@bücher.example", username="kim")
        assert found(by_root, q="KIM@BÜCHER.example") == ["kim@bücher.example"]

    def test_whole_address_finds_that_account_alone(
        self, by_root: Client, user: User, make_user: Callable[..., User]
    ) -> None:
        make_user("kim@example.com.au")
        assert found(by_root, q="kim@example.com") == ["kim@example.com"]

    @pytest.mark.parametrize("term", ["nobody", "nobody@example.com", "%", "@"])
    def test_what_fits_nobody_finds_nobody(self, term: str, by_root: Client, user: User) -> None:
        User.objects.filter(pk=user.pk).update(username="kim")
        expected = {"@": ["kim@example.com", "root@example.com"]}
        assert found(by_root, q=term) == expected.get(term, [])


class TestUnlock:
    def test_lifts_both_locks_and_the_block_and_tells_the_owner(
        self, by_root: Client, root: User, shut: User, mails_to: Callable[[User], list[str]]
    ) -> None:
        assert run(by_root, "unlock", shut) == ["Unlocked. 1 of 1 accounts had something to lift."]
        assert state_of(shut) == LIFTED
        assert mails_to(shut) == ["account_unlocked"]
        entry = LogEntry.objects.get()
        assert (entry.user, entry.object_id, entry.action_flag) == (root, str(shut.pk), CHANGE)
        assert entry.get_change_message() == "Unlocked: both locks and the block."

    def test_says_how_many_had_something_to_lift(
        self, by_root: Client, shut: User, user: User, mails_to: Callable[[User], list[str]]
    ) -> None:
        User.objects.filter(pk=user.pk).update(sign_in_failures=2)
        assert run(by_root, "unlock", shut, user) == ["Unlocked. 1 of 2 accounts had something to lift."]
        assert state_of(user) == LIFTED
        assert mails_to(user) == []
        entry = LogEntry.objects.get(object_id=str(user.pk))
        assert entry.get_change_message() == "Unlocked: nothing was closed, counts cleared."

    def test_owner_can_sign_in_again(
        self, by_root: Client, shut: User, api: APIClient, password: str
    ) -> None:
        body = {"email": shut.email, "password": password}
        assert api.post("/userprofile/login/", body).status_code == 403
        run(by_root, "unlock", shut)
        assert api.post("/userprofile/login/", body).status_code == 200


class TestUnblock:
    def test_lifts_the_block_alone(
        self, by_root: Client, shut: User, mails_to: Callable[[User], list[str]]
    ) -> None:
        before = state_of(shut)
        assert run(by_root, "unblock", shut) == ["Unblocked. 1 of 1 accounts had something to lift."]
        lifted = ("forget_password_attempts", "last_code_requested_at", "blocked_at")
        assert state_of(shut) == {**before, **{name: LIFTED[name] for name in lifted}}
        assert mails_to(shut) == ["account_unlocked"]
        assert LogEntry.objects.get().get_change_message() == "Unblocked: the block."

    def test_account_that_is_locked_but_not_blocked_stays_locked(
        self, by_root: Client, user: User, mails_to: Callable[[User], list[str]]
    ) -> None:
        User.objects.filter(pk=user.pk).update(sign_in_locked_at=now())
        assert run(by_root, "unblock", user) == ["Unblocked. 0 of 1 accounts had something to lift."]
        assert state_of(user)["sign_in_locked_at"] is not None
        assert mails_to(user) == []


class TestEndAllSessions:
    def test_ends_tokens_and_cookies_and_tells_the_owner(
        self,
        by_root: Client,
        user: User,
        staff: User,
        sign_in: Callable[..., APIClient],
        mails_to: Callable[[User], list[str]],
    ) -> None:
        first, second, other = sign_in(user), sign_in(user), sign_in(staff)
        assert run(by_root, "end_all_sessions", user) == ["Ended 2 open sessions of 1 accounts."]
        page = f"/userprofile/User_update/{user.pk}/"
        assert [client.get(page).status_code for client in (first, second, other)] == [401, 401, 200]
        assert mails_to(user) == ["sessions_ended"]
        assert LogEntry.objects.get().get_change_message() == "Ended all sessions: 2 open."

    def test_leaves_the_locks_alone(self, by_root: Client, shut: User) -> None:
        before = state_of(shut)
        run(by_root, "end_all_sessions", shut)
        assert state_of(shut) == before


def test_deed_that_fails_leaves_no_line_of_history(
    by_root: Client, shut: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_mail(**values: Any) -> None:
        raise RuntimeError("the outbox is full")

    monkeypatch.setattr("userprofile.mechanisms.outbox.queue", no_mail)
    with pytest.raises(RuntimeError):
        run(by_root, "unlock", shut)
    assert state_of(shut)["sign_in_locked_at"] is not None
    assert not LogEntry.objects.exists()


def test_list_counts_statements_not_rows(
    by_root: Client, make_user: Callable[..., User], django_assert_num_queries: Any
) -> None:
    for number in range(3):
        make_user(f"user{number}@example.com")
    with django_assert_num_queries(4):  # the session, its user, the count, the rows
        by_root.get(USERS)


def test_deleting_a_user_takes_the_mails_along_and_leaves_the_activity(
    by_root: Client, user: User, sign_in: Callable[..., APIClient]
) -> None:
    sign_in(user)
    run(by_root, "end_all_sessions", user)
    path = f"{USERS}{user.pk}/delete/"
    assert by_root.get(path).status_code == 200
    assert by_root.post(path, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()
    assert LoginActivity.objects.get().email == user.email
