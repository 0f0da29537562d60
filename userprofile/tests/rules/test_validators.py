"""The password policy, as a reset and the admin's forms judge it."""

import pytest
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from pytest_django import Settings

from userprofile.models import User
from userprofile.validators import undisguised

LENGTH = "Password must be between 6 and 25 characters."
UPPER = "Password must contain at least 1 uppercase letter."
LOWER = "Password must contain at least 1 lowercase letter."
DIGIT = "Password must contain at least 1 digit."
SPECIAL = "Password must contain at least 1 special character."
COMMON = "This password is too common."
PERSONAL = "Password must not contain your name or e-mail address."


def problems(password: str, user: User | None = None) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return error.messages
    return []


@pytest.mark.parametrize(
    "password",
    ["Amber-Fjord8", "xK7#qz", "aB1 xyqv", "aB1_" * 6 + "x", "Ämber-Fjörd8", "ßA1-kqzv", "Q7€hkvwz"],
)
def test_a_password_of_the_four_classes_passes(password: str) -> None:
    assert problems(password) == []


@pytest.mark.parametrize(
    ("password", "messages"),
    [
        ("xK7#q", [LENGTH]),
        ("aB1_" * 6 + "xy", [LENGTH]),
        ("amber-fjord8", [UPPER]),
        ("AMBER-FJORD8", [LOWER]),
        ("Amber-Fjordx", [DIGIT]),
        ("AmberXFjord8", [SPECIAL]),
        ("ambervfjordx", [UPPER, DIGIT, SPECIAL]),
        ("vk#", [LENGTH, UPPER, DIGIT]),
    ],
)
def test_each_rule_is_named(password: str, messages: list[str]) -> None:
    assert problems(password) == messages


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("Ｐａｓｓｗｏｒｄ１！", COMMON),
        ("Ｌｉｎｄｇｒｅｎ１！", PERSONAL),
        ("Ａｂ１＿" * 6 + "ﷺ", LENGTH),  # one sign that NFKC makes eighteen of
        ("xkqzvw７＃Ｐ", None),
    ],
)
def test_what_is_judged_is_what_will_be_hashed(password: str, message: str | None) -> None:
    """As Django's own forms give it: a full-width disguise is taken off before the hash is made."""
    found = problems(password, User(last_name="Lindgren"))
    assert found == [] if message is None else message in found


def test_the_bounds_are_settings(settings: Settings) -> None:
    settings.PASSWORD_MIN_LENGTH, settings.PASSWORD_MAX_LENGTH = 8, 9
    message = "Password must be between 8 and 9 characters."
    assert [problems(f"xK7#qzv{tail}") for tail in ("", "b", "bn", "bnm")] == [[message], [], [], [message]]


def test_the_classes_are_a_setting_and_djangos_validators_stay(settings: Settings) -> None:
    settings.PASSWORD_CLASSES = False
    assert problems("ambervfjordx") == []
    assert COMMON in problems("password")
    assert "This password is entirely numeric." in problems("8264917350")


COMMON_ONES = [
    "Passw0rd!",
    "Admin@123",
    "P@ssw0rd",
    "P@$$w0rd1",
    "Qwerty123!",
    "Welcome1!",
    "Letme1n!",
    "!Monkey12",
]


@pytest.mark.parametrize("password", COMMON_ONES)
def test_common_passwords_in_disguise_are_refused(password: str) -> None:
    assert problems(password) == [COMMON]


def test_a_disguise_is_lower_case_with_its_letters_turned_back() -> None:
    assert undisguised("P@$$W0RD") == "password"


SEEDS = User(username="owner-of-the-seed", email="Shambhu@botshyeyasi")


def test_the_seeds_sample_is_refused_for_its_sample_address_alone() -> None:
    assert "The password is too similar to the email address." in problems("shamBhu123@", SEEDS)
    assert problems("shamBhu123@", User(username="kim", email="kim@example.com")) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "lindgren"},
        {"first_name": "Lindgren"},
        {"last_name": "Lindgren"},
        {"short_name": "lindgren"},
        {"email": "kim.lindgren@example.com"},
        {"email": "kim@lindgren.example"},
    ],
)
@pytest.mark.parametrize("password", ["Xy-Lindgren-7", "L1ndgr3n-Xy-7k"])
def test_no_part_of_a_name_or_address_even_in_disguise(fields: dict[str, str], password: str) -> None:
    user = User(**{"username": "someone-else", "email": "else@example.com", **fields})
    assert PERSONAL in problems(password, user)


def test_short_parts_of_a_name_are_no_reason() -> None:
    user = User(username="kim", first_name="Kim", last_name="Lee", email="kim@ab.example")
    assert problems("Kim-vLee-7q#z", user) == []


def test_a_user_without_a_username_is_judged_by_the_rest() -> None:
    assert problems("Nakamura#7q2k", User(username=None, last_name="Nakamura"))[0] == PERSONAL  # type: ignore[misc]


def test_somebody_elses_name_is_no_reason() -> None:
    assert problems("Xy-Lindgren-7", User(username="kim", email="kim@example.com")) == []


def test_the_rules_are_told_in_words(settings: Settings) -> None:
    texts = password_validators_help_texts()
    classes = "with an upper-case letter, a lower-case letter, a digit and a special character"
    assert texts[0] == f"Between 6 and 25 characters, {classes}."
    settings.PASSWORD_CLASSES = False
    assert password_validators_help_texts()[0] == "Between 6 and 25 characters."
