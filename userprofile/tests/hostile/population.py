"""Who is in the databases: the same rows with the same ids, so that the same tokens open both."""

import functools
from datetime import timedelta
from typing import Any

from application.models import Application
from userprofile.clock import now
from userprofile.hashers import hash_password
from userprofile.mechanisms import sessions
from userprofile.models import LoginActivity, User
from userprofile.tests.api.doors import EMAIL, ID, RIGHT

AT = now().replace(microsecond=0)
KIM, SIGNED_OUT, DEACTIVATED, DELETED, STRANGER, DEMO = range(ID, ID + 6)  # of users and of sessions
DEMO_EMAIL = "demo@example.com"  # of the document's examples


def session(number: int, user_id: int | None, **columns: Any) -> LoginActivity:
    lifetimes: dict[str, Any] = {**sessions.lifetimes(signed_in_at=AT, at=AT)}
    return LoginActivity(
        id=number,
        user_id=user_id,
        email=EMAIL,
        created_at=AT,
        attempt_name="login_success",
        **{**lifetimes, **columns},
    )


def tokens(number: int) -> sessions.Tokens:
    """Of the session with that id, as its sign-in has given them."""
    return sessions.tokens_of(session(number, None))


def settle(using: str) -> None:
    users = [
        _user(ID, EMAIL),
        _user(DEACTIVATED, "gone@example.com", is_active=False),
        _user(STRANGER, "stranger@example.com"),
        _user(DEMO, DEMO_EMAIL),
    ]
    User.objects.using(using).bulk_create(users)
    Application.objects.using(using).bulk_create([Application(id=one, owner_id=one) for one in (KIM, DEMO)])
    rows = [
        session(KIM, ID),
        session(SIGNED_OUT, ID, logout_time=AT + timedelta(seconds=1)),
        session(DEACTIVATED, DEACTIVATED),
        session(DELETED, None),
    ]
    LoginActivity.objects.using(using).bulk_create(rows)


@functools.cache
def _hash() -> str:
    return hash_password(RIGHT)


def _user(number: int, email: str, **columns: Any) -> User:
    name = f"user{number}"
    return User(id=number, email=email, username=name, password=_hash(), **columns)
