"""Who gets in where: every route of the URL configuration, by every method, for every kind of caller.

A route without a group in access.py fails, and so does a group without its route.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from application.models import Application
from config import pages
from userprofile.clock import now
from userprofile.mechanisms import otp, sessions
from userprofile.models import LoginActivity, User
from userprofile.tests.access import GROUP_OF, GROUPS, METHODS, Cells, World, without_password, wrong_cells

# --- The routes, as the URL configuration has them --------------------------------------------


def routes() -> dict[str, URLPattern]:
    """Every route but the admin's, which has a table of its own: admin/access.py."""
    return dict(walk(get_resolver().url_patterns, ""))


def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            is_last = isinstance(pattern.pattern, RegexPattern) and pattern.callback is pages.not_found
            yield "anything else" if is_last else prefix + str(pattern.pattern), pattern
        elif pattern.app_name != "admin":
            yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))


def listed(route: str) -> list[str]:
    """The rows of a route: one for each target where the body names it."""
    with_slash = route if route in GROUP_OF or route.endswith("/") else f"{route}/"
    return [row for row in GROUP_OF if row.partition(" for ")[0] == with_slash]


ROWS = [(route, row) for route in routes() for row in listed(route)]


def test_every_route_has_a_row() -> None:
    assert [route for route in routes() if not listed(route)] == []


def test_every_row_has_its_routes_with_and_without_the_slash() -> None:
    expected = set()
    for row in GROUP_OF:
        route = row.partition(" for ")[0]
        expected |= {route, route.rstrip("/") if route else route}
    assert set(routes()) == expected


def test_the_admin_is_mounted_once_and_nothing_else_is_a_tree_of_its_own() -> None:
    trees = [tree for tree in get_resolver().url_patterns if isinstance(tree, URLResolver)]
    assert sorted((str(tree.pattern), tree.app_name) for tree in trees) == [
        (settings.ADMIN_PATH, "admin"),
        ("application/", None),
        ("userprofile/", None),
    ]


def test_every_table_names_each_method_and_caller_once() -> None:
    callers = {"anonymous", "owner", "other", "staff", "deactivated", "signed_out"}
    for group in GROUPS:
        assert set(group.cells) == {(method, caller) for method in METHODS for caller in callers}


# --- The cells --------------------------------------------------------------------------------


@pytest.fixture
def world(make_user: Callable[..., User]) -> World:
    owner = make_user("owner@example.com", last_code_requested_at=now() - settings.UNBLOCK_AFTER)
    code = otp.issue(user=owner, purpose=otp.EMAIL_VALIDATION, at=now())
    people = {
        "owner": owner,
        "other": without_password("other"),
        "staff": without_password("staff", is_staff=True),
    }
    gone, ended = without_password("gone"), open_session(owner)
    tokens = {name: sessions.tokens_of(open_session(user)).access_token for name, user in people.items()}
    tokens["deactivated"] = sessions.tokens_of(open_session(gone)).access_token
    tokens["signed_out"] = sessions.tokens_of(ended).access_token
    User.objects.filter(pk=gone.pk).update(is_active=False)
    LoginActivity.objects.filter(pk=ended.pk).update(logout_time=now())
    return World(
        owner=owner,
        application=Application.objects.create(owner=owner),
        tokens=tokens,
        refresh_token=sessions.tokens_of(open_session(owner)).refresh_token,
        code=otp.digits(code),
    )


def open_session(user: User) -> LoginActivity:
    at, success = now(), LoginActivity.Attempt.LOGIN_SUCCESS
    columns = sessions.lifetimes(signed_in_at=at, at=at)
    return LoginActivity.objects.create(
        user=user, email=user.email, created_at=at, attempt_name=success, **columns
    )


@pytest.mark.parametrize(("route", "row"), ROWS, ids=[f"{route} {row}" for route, row in ROWS])
def test_each_caller_gets_what_the_table_says(route: str, row: str, world: World) -> None:
    group = GROUP_OF[row]
    path = "/" + route.replace("<int:user_id>", str(world.owner.pk)).replace(
        "<int:application_id>", str(world.application.pk)
    )
    body = group.routes[row](world)
    if route.lower().rstrip("/").endswith("unblock"):
        User.objects.filter(pk=world.owner.pk).update(blocked_at=now())

    def send(method: str, caller: str) -> int:
        token = world.tokens.get(caller)
        headers = {"Authorization": f"Bearer {token}"} if token else None
        query = f"?email={world.owner.email}" if body and method in ("GET", "HEAD") else ""
        answer = Client().generic(
            method,
            path.replace("anything else", "no/such/path") + query,
            json.dumps(body),
            "application/json",
            headers=headers,
        )
        if answer.status_code == 405 or answer.has_header("Allow"):
            assert set(answer["Allow"].split(", ")) == allowed_by(group.cells)
        return int(answer.status_code)

    assert wrong_cells(group.cells, send) == {}


def allowed_by(cells: Cells) -> set[str]:
    """The methods that are no 405 for the owner: `Allow` names those, and so never OPTIONS."""
    return {method for (method, caller), status in cells.items() if caller == "owner" and status != 405}


# --- What no table shows ----------------------------------------------------------------------


def test_a_users_token_is_no_metrics_token(world: World, settings: Any) -> None:
    settings.METRICS_TOKEN = "metrics-token-metrics-token"
    for token in world.tokens.values():
        assert Client(headers={"Authorization": f"Bearer {token}"}).get("/metrics").status_code == 404


def test_a_preflight_is_answered_before_any_method_is_refused(settings: Any, db: None) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    answer = Client().options(
        "/userprofile/login/",
        headers={"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"},
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert not answer.has_header("Allow")
