"""The 3,000 commonest passwords, dressed up until the class rule is content; and strong ones, which pass."""

import gzip
import random
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth import password_validation
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from userprofile.models import User

SIGNS = "!@#$%^&*-_=+?."
LEET = str.maketrans("aeiost", "4310$7")
OTHER_LEET = str.maketrans("aeios", "@3!05")
DISGUISES: dict[str, Callable[[str], str]] = {
    "Word1!": lambda word: f"{word.capitalize()}1!",
    "Word@123": lambda word: f"{word.capitalize()}@123",
    "Word2026!": lambda word: f"{word.capitalize()}2026!",
    "1!Word": lambda word: f"1!{word.capitalize()}",
    "!Word_1": lambda word: f"!{word.capitalize()}_1",
    "worD7?": lambda word: f"{word[:-1]}{word[-1:].upper()}7?",
    "W0rd1!": lambda word: f"{word.capitalize().translate(LEET)}1!",
    "W0rd#9": lambda word: f"{word[:1].upper()}{word[1:].translate(OTHER_LEET)}#9",
    "W0rd!": lambda word: f"{word[:1].upper()}{word[1:].translate(LEET)}!",
}


def commonest(number: int) -> list[str]:
    """Django's list, the commonest first."""
    path = Path(password_validation.__file__).parent / "common-passwords.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [line.strip() for line, _ in zip(lines, range(number), strict=False)]


def satisfies_the_classes(password: str) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit, SIGNS.__contains__)
    return 6 <= len(password) <= 25 and all(any(map(kind, password)) for kind in kinds)


def passes(password: str, user: User | None = None) -> bool:
    try:
        validate_password(password, user)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("disguise", DISGUISES)
def test_the_3000_commonest_passwords_are_refused_in_disguise(disguise: str) -> None:
    disguised = [DISGUISES[disguise](word) for word in commonest(3000)]
    judged = [password for password in disguised if satisfies_the_classes(password)]
    assert len(judged) > 1500
    assert [password for password in judged if passes(password)] == []


@pytest.mark.parametrize("length", [8, 12, 16])
def test_strong_random_passwords_are_hardly_ever_refused(length: int) -> None:
    """Fewer than one in a hundred of 2,000."""
    source = random.Random(length)
    alphabet = string.ascii_letters + string.digits + SIGNS
    drawn = ("".join(source.choices(alphabet, k=length)) for _ in range(20_000))
    strong = [password for password in drawn if satisfies_the_classes(password)][:2000]
    assert len(strong) == 2000
    assert len([password for password in strong if not passes(password)]) < 20


def test_phrases_of_two_words_that_are_not_common_pass() -> None:
    words = ["Fjord", "Walnut", "Granite", "Juniper", "Quartz", "Bramble", "Lantern", "Meadow"]
    phrases = [f"{one}-{two}{number}" for one in words for two in words for number in (4, 8) if one != two]
    assert [phrase for phrase in phrases if not passes(phrase)] == []


@pytest.mark.parametrize("password", ["0lga-Zzk4q", "O1ga-Zzk4q", "xL1ndqv!st-7Q", "Nord|and#77Zq"])
def test_parts_of_a_name_or_address_are_refused_in_disguise(password: str) -> None:
    user = User(username="olga", last_name="Lindqvist", email="post@nordland.example")
    assert passes(password)
    assert not passes(password, user)
