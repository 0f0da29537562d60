"""One clock: no rule reads the time elsewhere, and nodes whose clocks differ understand each other."""

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from config.environment import PROJECT_FOLDER
from userprofile.models import User

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
CLOCKS = {
    *((name, "now") for name in ("datetime", "timezone", "Now")),
    *((name, function) for name in ("datetime", "date") for function in ("today", "utcnow")),
    *(("time", function) for function in ("time", "time_ns", "localtime", "gmtime")),
}
IMPORTED = {"Now", "TruncNow", "localdate", "localtime", "aware_utcnow", "time", "time_ns"}
MAY_READ_IT = {  # with the reason
    "userprofile/clock.py",  # it is the clock
    "application/models.py",  # may not import userprofile; a date for the admin to read, no decision
}


def modules() -> Iterator[Path]:
    for package in ("config", "userprofile", "application"):
        for path in sorted((PROJECT_FOLDER / package).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.parts):
                yield path


def readings(path: Path) -> Iterator[str]:
    """Each place where a module asks another clock than `userprofile.clock`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=function):
                found = (name, function) in CLOCKS
            case ast.ImportFrom(module="time" | "django.utils.timezone" | "django.db.models.functions"):
                found = any(alias.name in {*IMPORTED, "now"} for alias in node.names)
            case ast.ImportFrom(module="rest_framework_simplejwt.utils"):
                found = any(alias.name in IMPORTED for alias in node.names)
            case _:
                found = False
        if found:
            yield f"{path.relative_to(PROJECT_FOLDER)}:{getattr(node, 'lineno', 0)}"


def test_no_module_reads_another_clock() -> None:
    found = {reading for path in modules() for reading in readings(path)}
    assert {reading for reading in found if reading.partition(":")[0] not in MAY_READ_IT} == set()
    assert {reading.partition(":")[0] for reading in found} == MAY_READ_IT  # or the search finds nothing


@pytest.mark.parametrize("ahead", [0.4 * SECOND, 5 * SECOND, timedelta(minutes=5)])
def test_tokens_of_a_node_whose_clock_is_ahead_are_good_on_the_others(
    ahead: timedelta, api: APIClient, user: User, sign_in: Callable[..., APIClient], clock: Any
) -> None:
    clock.shift(SECOND - timedelta(microseconds=1) + ahead)
    client: Any = sign_in(user)
    clock.shift(-ahead)
    assert client.get(f"/userprofile/User_update/{user.pk}/").status_code == 200
    refreshed = api.post("/userprofile/token/refresh/", {"refresh_token": client.tokens["refresh_token"]})
    assert refreshed.status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {refreshed.json()['access_token']}")
    assert client.post("/userprofile/logout/").status_code == 200
    assert client.get(f"/userprofile/User_update/{user.pk}/").status_code == 401


@pytest.mark.parametrize("skew", [-5 * SECOND, 5 * SECOND])
def test_lost_answer_of_a_refresh_is_given_again_by_a_node_with_another_clock(
    skew: timedelta, api: APIClient, user: User, sign_in: Callable[..., APIClient], clock: Any
) -> None:
    token = sign_in(user).tokens["refresh_token"]  # type: ignore[attr-defined]
    first = api.post("/userprofile/token/refresh/", {"refresh_token": token})
    clock.shift(skew)  # less than REFRESH_GRACE
    again = api.post("/userprofile/token/refresh/", {"refresh_token": token})
    assert (again.status_code, again.json()) == (200, first.json())


@pytest.mark.parametrize("step", [timedelta(days=-1), timedelta(days=1)])
def test_no_step_of_the_clock_opens_a_lock_or_gives_more_guesses(
    step: timedelta, api: APIClient, user: User, password: str, clock: Any, settings: Settings
) -> None:
    statuses = []
    for number in range(settings.LOGIN_MAX_FAILURES):
        answer = api.post("/userprofile/login/", {"email": user.email, "password": f"Wrong-Guess{number}"})
        statuses.append(answer.status_code)
        clock.shift(step)
    assert statuses == [401] * (settings.LOGIN_MAX_FAILURES - 1) + [403]
    assert api.post("/userprofile/login/", {"email": user.email, "password": password}).status_code == 403


def test_clock_that_steps_back_ends_no_session_and_revives_none(
    user: User, sign_in: Callable[..., APIClient], clock: Any
) -> None:
    client, other = sign_in(user), sign_in(user)
    assert other.post("/userprofile/logout/").status_code == 200
    clock.shift(timedelta(hours=-2))
    page = f"/userprofile/User_update/{user.pk}/"
    assert [node.get(page).status_code for node in (client, other)] == [200, 401]
