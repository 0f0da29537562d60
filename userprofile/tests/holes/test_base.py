"""Holes 14 and 15: passwords that only look strong, and a base that nobody mends any more."""

import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import django
import pytest
from django.test import Client

from userprofile.journeys import password_reset
from userprofile.mechanisms import otp
from userprofile.models import User

PROJECT = Path(__file__).resolve().parents[3]
# Until when the series get security fixes: djangoproject.com/download, devguide.python.org/versions.
DJANGO = {(5, 2): date(2028, 4, 30), (6, 0): date(2027, 4, 30)}
PYTHON = {
    (3, 11): date(2027, 10, 31),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 10, 31),
    (3, 14): date(2030, 10, 31),
}


@pytest.mark.parametrize(
    "weak",
    [
        "Passw0rd!",
        "P@ssw0rd1",
        "Qwerty123!",
        "Welcome1!",
        "Letme1n!",
        "Admin@123",
        "Kim.Rivera1!",
        "R1vera#2026",
    ],
)
def test_14_a_password_that_only_looks_strong_is_refused(
    weak: str, make_user: Callable[..., User], code_of: Callable[..., str]
) -> None:
    """Each satisfies the class rule."""
    user = make_user(first_name="Kim", last_name="Rivera")
    password_reset.request_code(email=user.email)
    fields = {"otp_entered": code_of(user), "new_password": weak, "confirm_password": weak}
    answer = Client().post("/userprofile/forget_password/", {"email": user.email, **fields})
    refusal: dict[str, Any] = answer.json()
    assert (answer.status_code, [*refusal["details"]]) == (400, ["new_password"])
    assert not [text for text in refusal["details"]["new_password"] if "at least 1" in text]
    code = otp.newest(user=user, purpose=otp.PASSWORD_RESET)
    assert code is not None
    assert code.used_at is None


def test_15_the_base_is_supported_today() -> None:
    today = date.today()  # noqa: DTZ011  (a day more or less is no matter)
    assert DJANGO[django.VERSION[:2]] > today
    assert PYTHON[sys.version_info[:2]] > today
    for name in ("requirements.txt", "requirements-prod.txt", "requirements-dev.txt"):
        pinned = re.search(r"^django==(\d+)\.(\d+)\.", (PROJECT / name).read_text(), re.MULTILINE)
        assert pinned is not None
        assert DJANGO[int(pinned[1]), int(pinned[2])] > today, name
    images = re.findall(
        r"^FROM python:(\d+)\.(\d+)", (PROJECT / "deploy/Dockerfile").read_text(), re.MULTILINE
    )
    assert images
    assert all(PYTHON[int(major), int(minor)] > today for major, minor in images)
