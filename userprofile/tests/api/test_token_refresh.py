"""POST /userprofile/token/refresh/: each refresh token has one successor."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.clock import now
from userprofile.models import LoginActivity, User

pytestmark = pytest.mark.django_db

PATH = "/userprofile/token/refresh/"
REFUSED = (401, {"detail": "Token is invalid or expired"})
SECOND = timedelta(seconds=1)
SignIn = Callable[..., APIClient]
Answer = tuple[int, Any]


def refresh(api: APIClient, token: Any) -> Answer:
    response = api.post(PATH, {"refresh_token": token}, format="json")
    return response.status_code, response.json()


def opens(api: APIClient, user: User, access_token: str) -> bool:
    headers = {"authorization": f"Bearer {access_token}"}
    return bool(api.get(f"/userprofile/User_update/{user.pk}/", headers=headers).status_code == 200)


@pytest.fixture
def tokens(user: User, sign_in: SignIn, clock: object) -> dict[str, str]:
    found: dict[str, str] = sign_in(user).tokens  # type: ignore[attr-defined]
    return found


def test_refresh_gives_new_tokens(api: APIClient, user: User, tokens: dict[str, str], clock: Any) -> None:
    clock.shift(SECOND)
    status, body = refresh(api, tokens["refresh_token"])
    assert (status, list(body)) == (200, ["access_token", "refresh_token"])
    assert body["access_token"] != tokens["access_token"]
    assert body["refresh_token"] != tokens["refresh_token"]
    assert opens(api, user, body["access_token"])


def test_former_access_token_lives_on_to_its_own_end(
    api: APIClient, user: User, tokens: dict[str, str], clock: Any, settings: Settings
) -> None:
    clock.shift(SECOND)
    refresh(api, tokens["refresh_token"])
    assert opens(api, user, tokens["access_token"])
    clock.shift(settings.ACCESS_TOKEN_LIFETIME - 2 * SECOND)
    assert opens(api, user, tokens["access_token"])
    clock.shift(SECOND)
    assert not opens(api, user, tokens["access_token"])


def test_retry_within_the_grace_gets_the_same_successor_byte_for_byte(
    api: APIClient, tokens: dict[str, str], clock: Any, settings: Settings
) -> None:
    clock.shift(timedelta(microseconds=1_234_567))
    first = api.post(PATH, {"refresh_token": tokens["refresh_token"]})
    for _ in range(3):
        clock.shift((settings.REFRESH_GRACE - SECOND) / 3)
        again = api.post(PATH, {"refresh_token": tokens["refresh_token"]})
        assert (again.status_code, again.content) == (200, first.content)
    status, _ = refresh(api, first.json()["refresh_token"])
    assert status == 200


def test_reuse_after_the_grace_ends_the_whole_session(
    api: APIClient, user: User, tokens: dict[str, str], clock: Any, settings: Settings
) -> None:
    _, successor = refresh(api, tokens["refresh_token"])
    clock.shift(settings.REFRESH_GRACE)
    assert refresh(api, tokens["refresh_token"]) == REFUSED
    assert refresh(api, successor["refresh_token"]) == REFUSED
    assert not opens(api, user, tokens["access_token"])
    assert not opens(api, user, successor["access_token"])
    (row,) = LoginActivity.objects.all()
    assert row.logout_time is not None


def test_reuse_of_any_but_the_last_token_ends_the_session_within_the_grace_too(
    api: APIClient, user: User, tokens: dict[str, str]
) -> None:
    _, second = refresh(api, tokens["refresh_token"])
    _, third = refresh(api, second["refresh_token"])
    assert refresh(api, tokens["refresh_token"]) == REFUSED
    assert refresh(api, third["refresh_token"]) == REFUSED
    assert not opens(api, user, third["access_token"])


def test_no_grace_means_no_retry(api: APIClient, tokens: dict[str, str], settings: Settings) -> None:
    settings.REFRESH_GRACE = timedelta(0)
    _, successor = refresh(api, tokens["refresh_token"])
    assert refresh(api, tokens["refresh_token"]) == REFUSED
    assert refresh(api, successor["refresh_token"]) == REFUSED


def test_reuse_ends_no_other_session(
    api: APIClient, user: User, tokens: dict[str, str], sign_in: SignIn, clock: Any, settings: Settings
) -> None:
    other: dict[str, str] = sign_in(user).tokens  # type: ignore[attr-defined]
    refresh(api, tokens["refresh_token"])
    clock.shift(settings.REFRESH_GRACE)
    assert refresh(api, tokens["refresh_token"]) == REFUSED
    assert opens(api, user, other["access_token"])
    assert refresh(api, other["refresh_token"])[0] == 200


# --- How long it lives ------------------------------------------------------------------------


def test_refresh_token_lives_as_long_as_the_setting_says(
    api: APIClient, tokens: dict[str, str], clock: Any, settings: Settings
) -> None:
    clock.shift(settings.REFRESH_TOKEN_LIFETIME - SECOND)
    status, body = refresh(api, tokens["refresh_token"])
    assert status == 200
    clock.shift(settings.REFRESH_TOKEN_LIFETIME)
    assert refresh(api, body["refresh_token"]) == REFUSED


def test_session_ends_absolutely_however_often_refreshed(
    api: APIClient, user: User, tokens: dict[str, str], clock: Any, settings: Settings
) -> None:
    step, lived = settings.REFRESH_TOKEN_LIFETIME - SECOND, timedelta(0)
    body = tokens
    while lived + step < settings.SESSION_LIFETIME:
        clock.shift(step)
        lived += step
        status, body = refresh(api, body["refresh_token"])
        assert status == 200
    clock.shift(settings.SESSION_LIFETIME - lived - SECOND)
    status, last = refresh(api, body["refresh_token"])
    assert status == 200
    assert opens(api, user, last["access_token"])
    clock.shift(SECOND)
    assert refresh(api, last["refresh_token"]) == REFUSED
    assert not opens(api, user, last["access_token"])


def test_access_token_lives_as_long_as_the_setting_says(
    api: APIClient, user: User, tokens: dict[str, str], clock: Any, settings: Settings
) -> None:
    clock.shift(settings.ACCESS_TOKEN_LIFETIME - SECOND)
    assert opens(api, user, tokens["access_token"])
    clock.shift(SECOND)
    assert not opens(api, user, tokens["access_token"])
    assert refresh(api, tokens["refresh_token"])[0] == 200


# --- What ends it -----------------------------------------------------------------------------


def test_refresh_is_refused_after_logout(user: User, api: APIClient, sign_in: SignIn) -> None:
    client = sign_in(user)
    client.post("/userprofile/logout/")
    assert refresh(api, client.tokens["refresh_token"]) == REFUSED  # type: ignore[attr-defined]


def test_refresh_is_refused_to_a_deactivated_user(api: APIClient, user: User, tokens: dict[str, str]) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert refresh(api, tokens["refresh_token"]) == REFUSED
    assert not opens(api, user, tokens["access_token"])


def test_refresh_is_refused_to_a_deleted_user(api: APIClient, user: User, tokens: dict[str, str]) -> None:
    user.delete()
    assert refresh(api, tokens["refresh_token"]) == REFUSED


@pytest.mark.parametrize("column", ["sign_in_locked_at", "reset_locked_at", "blocked_at"])
def test_no_lock_and_no_block_ends_a_session(
    column: str, api: APIClient, user: User, tokens: dict[str, str], clock: Any
) -> None:
    User.objects.filter(pk=user.pk).update(**{column: now()})
    assert opens(api, user, tokens["access_token"])
    status, body = refresh(api, tokens["refresh_token"])
    assert status == 200
    assert opens(api, user, body["access_token"])


# --- What is no refresh token -----------------------------------------------------------------


def test_access_token_is_no_refresh_token(api: APIClient, user: User, tokens: dict[str, str]) -> None:
    assert refresh(api, tokens["access_token"]) == REFUSED
    assert opens(api, user, tokens["access_token"])


def test_refresh_token_is_no_access_token(api: APIClient, user: User, tokens: dict[str, str]) -> None:
    assert not opens(api, user, tokens["refresh_token"])


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "é.é.é", "x" * 4096])
def test_what_is_no_token_is_401(token: str, api: APIClient, db: None) -> None:
    assert refresh(api, token) == REFUSED


def test_token_may_be_sent_as_a_form_and_with_white_space(api: APIClient, tokens: dict[str, str]) -> None:
    response = api.post(PATH, {"refresh_token": f"  {tokens['refresh_token']} "})
    assert response.status_code == 200


def test_missing_token_is_a_400_that_says_detail(api: APIClient, db: None) -> None:
    response = api.post(PATH, {}, format="json")
    assert (response.status_code, response.json()) == (
        400,
        {"detail": "Invalid input.", "details": {"refresh_token": ["This field is required."]}},
    )


# --- What it costs and what it leaves behind --------------------------------------------------


def test_refresh_costs_two_statements_at_most(api: APIClient, tokens: dict[str, str]) -> None:
    for _ in range(2):  # the retry within the grace too
        with CaptureQueriesContext(connection) as statements:
            assert refresh(api, tokens["refresh_token"])[0] == 200
        kinds = [query["sql"].split()[0] for query in statements.captured_queries]
        assert len([kind for kind in kinds if kind not in ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")]) <= 2


def test_rotation_writes_no_new_row(api: APIClient, tokens: dict[str, str]) -> None:
    refresh(api, tokens["refresh_token"])
    assert LoginActivity.objects.count() == 1


def test_no_usable_token_text_is_stored(api: APIClient, tokens: dict[str, str]) -> None:
    _, successor = refresh(api, tokens["refresh_token"])
    stored = "\n".join(_everything_stored())
    for token in (*tokens.values(), *successor.values()):
        _, payload, signature = token.split(".")
        assert payload not in stored
        assert signature not in stored


def _everything_stored() -> Iterator[str]:
    for model in apps.get_models():
        if model._meta.managed:
            yield json.dumps(list(model._base_manager.values()), default=str)
