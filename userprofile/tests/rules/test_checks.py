"""`check --deploy` warns of what is weaker than today's advice or meant for development."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.checks import WARNING
from django.core.management import call_command
from pytest_django import Settings

from userprofile.checks import weaker_than_todays_advice

MAIL = "django.core.mail.backends"
SMTP = f"{MAIL}.smtp.EmailBackend"
NOWHERE = ("console", "dummy", "filebased", "locmem")

# The warning, the setting behind it, a value it warns of, a value it is content with.
CHOICES: list[tuple[str, str, Any, Any]] = [
    ("userprofile.W001", "PASSWORD_MAX_LENGTH", 63, 64),
    ("userprofile.W002", "PASSWORD_MIN_LENGTH", 7, 8),
    ("userprofile.W003", "PASSWORD_CLASSES", True, False),
    ("userprofile.W004", "PREVENT_ENUMERATION", False, True),
    ("userprofile.W005", "LOCK_DURATION", timedelta(0), timedelta(seconds=900)),
    ("userprofile.W006", "THROTTLES", False, True),
    *(("userprofile.W007", "EMAIL_BACKEND", f"{MAIL}.{weak}.EmailBackend", SMTP) for weak in NOWHERE),
]


def warnings() -> dict[str | None, Any]:
    return {warning.id: warning for warning in weaker_than_todays_advice(None)}


@pytest.fixture
def advised(settings: Settings) -> Settings:
    """Every choice as today's advice has it."""
    for _, name, _, strong in CHOICES:
        setattr(settings, name, strong)
    return settings


def test_nothing_is_warned_of_that_follows_the_advice(advised: Settings) -> None:
    assert warnings() == {}


@pytest.mark.parametrize(("identifier", "name", "weak", "strong"), CHOICES)
def test_each_weaker_choice_is_warned_of_with_the_variable_that_changes_it(
    identifier: str, name: str, weak: Any, strong: Any, advised: Settings
) -> None:
    setattr(advised, name, weak)
    (warning,) = warnings().values()
    assert (warning.id, warning.level) == (identifier, WARNING)
    assert name in str(warning.hint)
    assert str(warning.msg).endswith(".")


def test_the_seeds_choices_are_warned_of_by_default(settings: Settings) -> None:
    settings.THROTTLES, settings.EMAIL_BACKEND = True, SMTP
    assert set(warnings()) == {identifier for identifier, *_ in CHOICES[:5]}


def test_deploy_check_prints_them_and_other_checks_do_not(settings: Settings) -> None:
    deploy, usual = StringIO(), StringIO()
    call_command("check", deploy=True, stderr=deploy)
    call_command("check", stderr=usual)
    assert "userprofile.W004" in deploy.getvalue()
    assert "PREVENT_ENUMERATION" in deploy.getvalue()
    assert "userprofile.W007" in deploy.getvalue()
    assert "userprofile.W" not in usual.getvalue()
