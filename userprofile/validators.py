"""The password policy, as Django password validators; the same rules guard the admin's forms."""

import functools
import gzip
from pathlib import Path

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from userprofile.models import User

# What people write for letters when a policy asks for digits and signs.
DISGUISES = str.maketrans("@4301$5!7+89", "aaeoissittbg")


class PasswordPolicyValidator:
    """The seed's policy: 6 to 25 characters; an upper, a lower, a digit and a special character."""

    def validate(self, password: str, user: User | None = None) -> None:
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
        plain = {password.casefold(), undisguised(password)}
        if any(part in form for part in self._parts(user) for form in plain):
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
        if any(form in common_passwords() for form in _plain_forms(password)):
            raise ValidationError("This password is too common.")

    def get_help_text(self) -> str:
        return "Not a commonly used password, nor one in disguise."


def _is_special(character: str) -> bool:
    return not character.isalnum()


def undisguised(password: str) -> str:
    """Lower case, with the signs that stand for letters turned back into them."""
    return password.casefold().translate(DISGUISES)


def _plain_forms(password: str) -> set[str]:
    folded = password.casefold()
    signs_and_digits = "0123456789!@#$%^&*()-_=+[]{};:'\",.<>/?\\|`~ "
    signs = signs_and_digits[10:]
    letters = "".join(character for character in folded if character.isalpha())
    without_signs = "".join(character for character in folded if character.isalnum())
    forms = {folded, without_signs, folded.strip(signs), folded.strip(signs_and_digits), letters}
    forms |= {undisguised(form) for form in (*forms, folded.rstrip(signs_and_digits))}
    return {form for form in forms if len(form) >= 4}


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()


@functools.cache
def common_passwords() -> frozenset[str]:
    """Django's own list of 20,000, in lower case."""
    path = Path(password_validation.__file__).parent / "common-passwords.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip() for line in lines)
