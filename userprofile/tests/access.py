"""The table of access: for each route and method the status that each kind of caller gets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from application.models import Application
from userprofile.models import User
from userprofile.tests.conftest import PASSWORD

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
Cells = dict[tuple[str, str], int]  # (method, caller): status


@dataclass(frozen=True, kw_only=True)
class World:
    """`owner` is whose details, application, address and codes the requests below name."""

    owner: User
    application: Application
    tokens: dict[str, str]
    refresh_token: str
    code: str


Body = Callable[[World], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Routes that let in the same callers; `table` has a column for each, `rest` names all other methods."""

    routes: dict[str, Body]
    table: str
    cells: Cells = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", cells_of(self.table))


def cells_of(table: str) -> Cells:
    header, *rows = (line.split() for line in table.strip().splitlines())
    found: Cells = {}
    for names, *statuses in rows:
        named = {method for method, _ in found}
        methods = (
            [method for method in METHODS if method not in named] if names == "rest" else names.split(",")
        )
        for method in methods:
            found |= {(method, caller): int(status) for caller, status in zip(header, statuses, strict=True)}
    return found


def without_password(name: str, **fields: Any) -> User:
    made: User = User.objects.create(username=name, email=f"{name}@example.com", password="!", **fields)
    return made


def wrong_cells(cells: Cells, send: Callable[[str, str], int]) -> dict[tuple[str, str], tuple[int, int]]:
    """Where another status came than the table's: (found, expected). Nothing that a cell changes stays."""
    found: Cells = {}
    for method, caller in cells:
        with transaction.atomic():
            found[method, caller] = send(method, caller)
            transaction.set_rollback(True)
    return {cell: (found[cell], cells[cell]) for cell in cells if found[cell] != cells[cell]}


def nothing(world: World) -> dict[str, Any]:
    return {}


def email(world: World) -> dict[str, Any]:
    return {"email": world.owner.email}


def email_and_code(world: World) -> dict[str, Any]:
    return {"email": world.owner.email, "otp": world.code}


def email_and_password(world: World) -> dict[str, Any]:
    return {"email": world.owner.email, "password": PASSWORD}


def refresh_token(world: World) -> dict[str, Any]:
    return {"refresh_token": world.refresh_token}


def short_name(world: World) -> dict[str, Any]:
    return {"short_name": "K"}


def billing_name(world: World) -> dict[str, Any]:
    return {"billing_name": "Kim"}


def user_of_two(world: World) -> dict[str, Any]:
    return {"user_id": world.owner.pk, "short_name": "K"}


def application_of_two(world: World) -> dict[str, Any]:
    return {"application_id": world.application.pk, "billing_name": "Kim"}


# Every route is served with and without its last slash; `<...>` is the owner's, or the owner's application's.
# signed_out: a token of the owner, from a session that has ended. A token that is refused is a 401
# before the method is looked at; without one a wrong method is a 405 for everybody.
GROUPS = [
    # Open doors: what matters is the body, not who sends it.
    Group(
        routes={
            "userprofile/forget_password/": email,
            "userprofile/Resend_OTP/": email,
            "userprofile/Generate_OTP/": email,
            "userprofile/Email-Validation/": email_and_code,
            "userprofile/validate-email/": email_and_code,
            "validate-email/": email_and_code,
            "userprofile/account_locked/": email_and_password,
            "userprofile/account-locked/": email_and_password,
            "account-locked/": email_and_password,
            "userprofile/User_unblock/": email,
            "userprofile/User_Unblock/": email,
            "api/unblock/": email,
            "userprofile/login/": email_and_password,
            "api/login/": email_and_password,
            "userprofile/token/refresh/": refresh_token,
            "api/token/refresh/": refresh_token,
        },
        table="""
                anonymous  owner  other  staff  deactivated  signed_out
        POST          200    200    200    200          200         200
        rest          405    405    405    405          405         405
        """,
    ),
    # The details of one user, and those of one application: the owner's and staff's.
    Group(
        routes={
            "userprofile/User_update/<int:user_id>/": short_name,
            "application/Application_update/<int:application_id>/": billing_name,
        },
        table="""
                             anonymous  owner  other  staff  deactivated  signed_out
        GET,HEAD                   401    200    404    200          401         401
        POST,PUT,PATCH             401    200    404    200          401         401
        rest                       405    405    405    405          401         401
        """,
    ),
    Group(
        routes={
            "userprofile/User&App/": user_of_two,
            "userprofile/User&App/ for an application": application_of_two,
            "api/update/": user_of_two,
            "api/update/ for an application": application_of_two,
        },
        table="""
                             anonymous  owner  other  staff  deactivated  signed_out
        POST,PUT,PATCH             401    200    404    200          401         401
        rest                       405    405    405    405          401         401
        """,
    ),
    # The log of one user's sign-ins.
    Group(
        routes={"userprofile/user-activity/": email, "api/user-activity/": email},
        table="""
                             anonymous  owner  other  staff  deactivated  signed_out
        GET,HEAD                   401    200    404    200          401         401
        rest                       405    405    405    405          401         401
        """,
    ),
    # Everybody ends a session of their own, while it is open.
    Group(
        routes={"userprofile/logout/": nothing, "api/logout/": nothing},
        table="""
                anonymous  owner  other  staff  deactivated  signed_out
        POST          401    200    200    200          401         401
        rest          405    405    405    405          405         405
        """,
    ),
    # Pages for everybody.
    Group(
        routes={
            "": nothing,
            "docs/": nothing,
            "api/schema/": nothing,
            "health/live": nothing,
            "health/ready": nothing,
        },
        table="""
                   anonymous  owner  other  staff  deactivated  signed_out
        GET,HEAD         200    200    200    200          200         200
        rest             405    405    405    405          405         405
        """,
    ),
    # Without METRICS_TOKEN there is nothing, and no user's token takes its place.
    Group(
        routes={"metrics": nothing},
        table="""
                   anonymous  owner  other  staff  deactivated  signed_out
        GET,HEAD         404    404    404    404          404         404
        rest             405    405    405    405          405         405
        """,
    ),
    Group(
        routes={"anything else": nothing},
        table="""
                anonymous  owner  other  staff  deactivated  signed_out
        rest          404    404    404    404          404         404
        """,
    ),
]
GROUP_OF = {route: group for group in GROUPS for route in group.routes}
