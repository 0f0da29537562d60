"""The password policy, as Django password validators; the same rules guard the admin's forms."""

import functools
import gzip
from pathlib import Path

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from userprofile.hashers import normalized
from userprofile.models import User

# What people write for letters when a policy asks for digits and signs; 1 and ! are i or l, so those are one.
DISGUISES = str.maketrans("@4301$5!7+89l|", "aaeoissittbgii")
LEAST_WORD = 3  # `Abc2026!` is no password either


class PasswordPolicyValidator:
    """The seed's policy: 6 to 25 characters; an upper, a lower, a digit and a special character."""

    def validate(self, password: str, user: User | None = None) -> None:
        password = normalized(password)  # forms give it as typed; what is judged is what will be hashed
        problems = [*self._length_problems(password), *self._class_problems(password)]
        if problems:
            raise ValidationError(problems)

    def get_help_text(self) -> str:
        text = f"Between {settings.PASSWORD_MIN_LENGTH} and {settings.PASSWORD_MAX_LENGTH} characters"
        if settings.PASSWORD_CLASSES:
            text += ", with an upper-case letter, a lower-case letter, a digit and a special character"
        return text + "."

    def _length_problems(self, password: str) -> list[str]:
        if settings.PASSWORD_MIN_LENGTH <= len(password) <= settings.PASSWORD_MAX_LENGTH:
            return []
        least, most = settings.PASSWORD_MIN_LENGTH, settings.PASSWORD_MAX_LENGTH
        return [f"Password must be between {least} and {most} characters."]

    def _class_problems(self, password: str) -> list[str]:
        if not settings.PASSWORD_CLASSES:
            return []
        classes = {
            "uppercase letter": str.isupper,
            "lowercase letter": str.islower,
            "digit": str.isdecimal,
            "special character": _is_special,
        }
        return [
            f"Password must contain at least 1 {name}."
            for name, belongs in classes.items()
            if not any(belongs(character) for character in password)
        ]


class PersonalDataValidator:
    """No part of the user's name or address of four characters or more, disguised or not."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user is None:
            return
        plain = normalized(password).casefold()
        if any(part in plain or undisguised(part) in undisguised(plain) for part in self._parts(user)):
            raise ValidationError("Password must not contain your name or e-mail address.")

    def get_help_text(self) -> str:
        return "No part of your name or e-mail address."

    def _parts(self, user: User) -> set[str]:
        local, _, domain = (user.email or "").rpartition("@")
        words = (user.username, user.first_name, user.last_name, user.short_name, local, domain.split(".")[0])
        pieces = {piece for word in words for piece in _words(word or "")}
        return {piece for piece in pieces if len(piece) >= 4}


class DisguisedCommonPasswordValidator:
    """`Passw0rd!` and `Admin@123` are common passwords with their signs and digits dressed up."""

    def validate(self, password: str, user: User | None = None) -> None:
        if password.lower().strip() in common_passwords():
            return  # undisguised: Django's own validator says so, and once is enough
        if not _bare_forms(normalized(password)).isdisjoint(_undisguised_common_passwords()):
            raise ValidationError("This password is too common.")

    def get_help_text(self) -> str:
        return "Not a commonly used password, nor one in disguise."


def _is_special(character: str) -> bool:
    return not character.isalnum()


def undisguised(text: str) -> str:
    """One form for all disguises of a word: lower case, signs and digits as the letters they stand for."""
    return text.casefold().translate(DISGUISES)


def _bare_forms(password: str) -> set[str]:
    """What may hide in it: with any of the signs and digits around it taken off, and those within it."""
    folded = password.casefold()
    letters = [place for place, character in enumerate(folded) if character.isalpha()] or [0]
    cores = {
        folded[begin:end]
        for begin in range(letters[0] + 1)
        for end in range(max(letters[-1], begin) + 1, len(folded) + 1)
    }
    cores |= {"".join(character for character in core if character.isalnum()) for core in cores}
    cores |= {"".join(character for character in folded if character.isalpha())}
    return {undisguised(core) for core in cores if len(core) >= LEAST_WORD}


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()


@functools.cache
def common_passwords() -> frozenset[str]:
    """Django's own list of 20,000, in lower case."""
    path = Path(password_validation.__file__).parent / "common-passwords.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip() for line in lines)


@functools.cache
def _undisguised_common_passwords() -> frozenset[str]:
    return frozenset(undisguised(word) for word in common_passwords())
