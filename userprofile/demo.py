"""The accounts that `make run` makes to try things with, and what it says about them. DEBUG only."""

import json
import secrets
import textwrap
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from application.models import Application
from userprofile.addresses import canonical
from userprofile.clock import now
from userprofile.models import User


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    email: str
    username: str
    password: str
    story: str
    is_staff: bool = False
    is_locked: bool = False
    is_blocked: bool = False
    owns_application: bool = False


ACCOUNTS = (
    DemoAccount(
        email="demo@example.com",
        username="demo",
        password="Violet-Kite7",
        story="owns an application",
        owns_application=True,
    ),
    DemoAccount(
        email="admin@example.com",
        username="admin",
        password="Copper-Harbor9",
        story="staff: may sign in to the admin",
        is_staff=True,
    ),
    DemoAccount(
        email="locked@example.com",
        username="locked",
        password="Amber-Lantern4",
        story="locked: three wrong passwords",
        is_locked=True,
    ),
    DemoAccount(
        email="blocked@example.com",
        username="blocked",
        password="Silver-Meadow8",
        story="blocked: asked for too many codes",
        is_blocked=True,
    ),
    DemoAccount(
        email="Shambhu@botshyeyasi",
        username="shambhu",
        password="Walnut-River3",
        story="the specification's sample",
    ),
)


def load() -> None:
    """Make the accounts, or bring them back to what the banner promises; touches no other account.

    Names, sessions and whatever else a developer has changed in them stay.
    """
    for account in ACCOUNTS:
        with transaction.atomic():
            _load(account)


def _load(account: DemoAccount) -> None:
    user = User.objects.filter(email_canonical=canonical(account.email)).first()
    if user is None:
        first_name = account.username.title()
        user = User(username=_free_username(account), first_name=first_name, is_email_verified=True)
    user.email = account.email
    user.is_active = True
    user.is_staff = user.is_superuser = account.is_staff
    for name, value in _counters(account).items():
        setattr(user, name, value)
    if not user.check_password(account.password):
        user.set_password(account.password)
    user.save()
    if account.owns_application and not Application.objects.filter(owner=user).exists():
        Application.objects.create(
            owner=user, billing_name="Demo Recruiting", website="https://www.example.com"
        )


def _free_username(account: DemoAccount) -> str:
    """Its own, unless a developer has an account of that name."""
    if User.objects.filter(username=account.username).exists():
        return f"{account.username}-{secrets.token_hex(3)}"
    return account.username


def _counters(account: DemoAccount) -> dict[str, object]:
    """The columns behind the three refusals: fresh, but for the one that the account shows."""
    at = now()
    blocked_at = at if account.is_blocked else None
    return {
        "sign_in_failures": settings.LOGIN_MAX_FAILURES if account.is_locked else 0,
        "sign_in_locked_at": at if account.is_locked else None,
        "reset_failures": 0,
        "reset_locked_at": None,
        "forget_password_attempts": settings.OTP_MAX_RESENDS if account.is_blocked else 0,
        "last_code_requested_at": blocked_at,
        "blocked_at": blocked_at,
    }


def banner() -> str:
    """What `make run` prints once it listens: addresses, and in DEBUG the accounts and a curl line."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
    address = f"http://[{host}]:{settings.PORT}" if ":" in host else f"http://{host}:{settings.PORT}"
    places = f"""
        Userprofile is ready: {address}/
          documentation  {address}/docs/
          admin          {address}/{settings.ADMIN_PATH}
        """
    lines = [textwrap.dedent(places).rstrip()]
    if settings.DEBUG:
        lines += ["", "Demo accounts (DEBUG is on):", *map(_line, ACCOUNTS), "", "Try:", _curl(address), ""]
    return "\n".join(lines)


def _line(account: DemoAccount) -> str:
    return f"  {account.email:<20} {account.password:<15} {account.story}"


def _curl(address: str) -> str:
    body = json.dumps({"email": ACCOUNTS[0].email, "password": ACCOUNTS[0].password})
    return f"  curl {address}/userprofile/login/ -H 'Content-Type: application/json' \\\n    -d '{body}'"
