"""Who gets in where in the admin: every route of its URL tree, by every method, for every kind of caller.

A route without a row in access.py fails, and so does a row without its route.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.http import SimpleCookie
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from application.models import Application
from userprofile.clock import now
from userprofile.mechanisms import outbox
from userprofile.models import EmailsLogs, EmailTemplates, LoginActivity, User
from userprofile.tests.access import METHODS, without_password, wrong_cells
from userprofile.tests.admin.access import ANYTHING_ELSE, APP_LIST, CALLERS, ROWS, Group

NAMES = {"app_list": APP_LIST, "(?P<url>.*)$": ANYTHING_ELSE}


def routes() -> list[str]:
    trees = [tree for tree in get_resolver().url_patterns if isinstance(tree, URLResolver)]
    [admin] = [tree for tree in trees if tree.app_name == "admin"]
    return sorted(walk(admin.url_patterns, ""))


def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            route = prefix + str(pattern.pattern)
            yield NAMES.get(str(pattern.name), NAMES.get(route, route))


def test_every_route_has_one_row_and_every_row_its_route() -> None:
    assert routes() == sorted(row.partition("?")[0] for row, _ in ROWS)


def test_every_table_names_each_method_and_caller_once() -> None:
    for _, group in ROWS:
        assert {*group.cells} == {(method, caller) for method in METHODS for caller in CALLERS}


@pytest.fixture
def ordinary(make_user: Callable[..., User]) -> User:
    return make_user("ordinary@example.com")


@pytest.fixture
def address(ordinary: User, staff: User) -> Callable[[str], str]:
    """`address("userprofile/user/<id>/password/")`: where a row of that table is found."""
    outbox.queue_notice(user=staff, template="account_locked", at=now())
    ids = {
        "user": ordinary.pk,
        "loginactivity": LoginActivity.objects.create(email="x", attempt_name="login_failed").pk,
        "emailslogs": EmailsLogs.objects.get().pk,
        "emailtemplates": EmailTemplates.objects.all()[0].pk,
        "group": auth.models.Group.objects.create(name="helpdesk").pk,
        "application": Application.objects.create(owner=staff).pk,
    }

    def fill(row: str) -> str:
        path = row.replace(APP_LIST, "userprofile/").replace(ANYTHING_ELSE, "no/such/page")
        path = path.replace("<path:content_type_id>", str(ContentType.objects.get_for_model(User).pk))
        return f"/{settings.ADMIN_PATH}" + re.sub(r"<[^>]+>", str(ids[table_of(row)]), path)

    return fill


def table_of(row: str) -> str:
    named = re.match(r"(?:application|auth|userprofile)/(\w+)/", row)
    return named[1] if named else "user"


@pytest.fixture
def cookies_of(ordinary: User, staff: User) -> dict[str, str]:
    """The session cookie of each caller."""
    people = {"ordinary": ordinary, "staff": staff, "permitted": without_password("permitted", is_staff=True)}
    for name in ("superuser", "deactivated", "signed_out"):
        people[name] = without_password(name, is_staff=True, is_superuser=True)
    found = {"anonymous": ""}
    for name, user in people.items():
        browser = Client()
        browser.force_login(user)
        found[name] = browser.cookies["sessionid"].value
    User.objects.filter(username="deactivated").update(is_active=False)
    User.objects.filter(username="signed_out").update(sessions_ended_at=now())
    return found


def permit(row: str) -> None:
    """Give `permitted` what the route's own table asks for, and nothing else."""
    permissions = Permission.objects.filter(content_type__model=table_of(row))
    assert len(permissions) == 4
    User.objects.get(username="permitted").user_permissions.set(permissions)


@pytest.mark.parametrize(("row", "group"), ROWS, ids=[row for row, _ in ROWS])
def test_the_admin_lets_in_whom_the_table_says(
    row: str, group: Group, address: Callable[[str], str], cookies_of: dict[str, str]
) -> None:
    """The CSRF check is off, so that a refusal is one for want of the right."""
    permit(row)
    browser, path = Client(), address(row)

    def send(method: str, caller: str) -> int:
        browser.cookies = SimpleCookie({"sessionid": cookies_of[caller]})
        if method == "POST":
            return browser.post(path, group.body).status_code
        return int(browser.generic(method, path).status_code)

    assert wrong_cells(group.cells, send) == {}


def test_nothing_is_done_without_a_csrf_token(
    address: Callable[[str], str], cookies_of: dict[str, str]
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = SimpleCookie({"sessionid": cookies_of["superuser"]})
    for row, _ in ROWS:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = browser.generic(method, address(row))
            assert answer.status_code == 403, (method, row)
            assert b"CSRF verification failed" in answer.content


def test_a_token_of_the_api_opens_nothing(
    address: Callable[[str], str], sign_in: Callable[..., Client], root: User
) -> None:
    with_token, without = sign_in(root), Client()
    for row, _ in ROWS:
        answers = [browser.get(address(row)) for browser in (with_token, without)]
        assert len({(answer.status_code, answer.get("Location")) for answer in answers}) == 1, row
