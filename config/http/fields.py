"""Serializer fields for text, numbers, dates, telephone numbers and URLs as the contract reads them."""

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from rest_framework import serializers

# C0 and C1 controls, NUL, lone surrogates, and U+FFFD: what a broken encoding leaves behind.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd\u2028\u2029]")
FORBIDDEN_IN_PARAGRAPHS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
ASCII_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
ASCII_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# phonenumbers itself also reads full-width digits, letters on keys and extensions.
PHONE_CHARACTERS = re.compile(r"\+[0-9][0-9 ().-]*")


class TextField(serializers.CharField):
    """Text without control characters or lone surrogates, trimmed; a JSON number is no text."""

    default_error_messages = {
        "invalid": "Not a valid string.",
        "forbidden": "Control characters and broken Unicode are not allowed.",
    }
    forbidden = FORBIDDEN

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.forbidden.search(data):
            self.fail("forbidden")
        return super().to_internal_value(data)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # CharField answers `blank` before the type is looked at: `""` and `"  "` alone are blank.
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(data)


class ParagraphsField(TextField):
    """Text that may run over several lines."""

    forbidden = FORBIDDEN_IN_PARAGRAPHS


class PasswordField(TextField):
    """A secret as typed: never trimmed, any printable character, bounded before it is hashed."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 256)
        super().__init__(trim_whitespace=False, write_only=True, style={"input_type": "password"}, **kwargs)


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction, or ASCII digits in a form."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | str):
            self.fail("invalid")
        if isinstance(data, str) and not ASCII_WHOLE_NUMBER.fullmatch(data.strip(" ")):
            self.fail("invalid")
        return int(data)


class TrueOrFalseField(serializers.BooleanField):
    """JSON true or false, or one of the words that forms use; a number is neither."""

    NULL_VALUES = {None}  # not the word "null"

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool | str):
            self.fail("invalid", input=data)
        return super().to_internal_value(data)


class OneOfField(serializers.ChoiceField):
    """One of a few words. What was sent is not repeated: an answer cannot hold broken Unicode."""

    default_error_messages = {"invalid_choice": "Choose one of: {words}."}

    def to_internal_value(self, data: Any) -> str:
        word = data.strip() if isinstance(data, str) else None
        if word == "" and self.allow_blank:
            return ""
        if word not in self.choices:
            self.fail("invalid_choice", words=", ".join(self.choices))
        return str(word)


class DateOnlyField(serializers.DateField):
    """A real day written YYYY-MM-DD: DateField alone also reads `2026-1-2` and full-width digits."""

    default_error_messages = {"invalid": "Write a date as YYYY-MM-DD."}

    def to_internal_value(self, value: Any) -> date:
        text = value.strip(" ") if isinstance(value, str) else ""
        if not ASCII_DATE.fullmatch(text):
            self.fail("invalid")
        return super().to_internal_value(text)


class PhoneField(TextField):
    """A telephone number that begins with + and the country's code; kept in E.164 (`+919876543210`)."""

    default_error_messages = {
        "phone": "Enter an international telephone number, such as +91 98765 43210.",
    }

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return parse_phone(text) if text else ""
        except ValueError:
            self.fail("phone")


class WebAddressField(TextField):
    """An http(s) URL without user-info; the server never fetches it."""

    default_error_messages = {"url": "Enter a URL that starts with http:// or https://, without user-info."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and not _is_web_address(text):
            self.fail("url")
        return text


def parse_phone(text: str) -> str:
    """The number in E.164. Raises ValueError for what no telephone in that country can have."""
    if not PHONE_CHARACTERS.fullmatch(text):
        raise ValueError("no international number")
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise ValueError("no international number") from error
    if not phonenumbers.is_valid_number(number):  # the stricter of its two questions
        raise ValueError("no valid number of that country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_web_address(text: str) -> bool:
    if re.search(r"[\s\\<>\"^`{|}]", text):
        return False
    try:
        parts = urlsplit(text)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and port_is_fine
    )
