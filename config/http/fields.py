"""Serializer fields for text, whole numbers and URLs as the contract reads them."""

import re
from typing import Any
from urllib.parse import urlsplit

from rest_framework import serializers

# C0 and C1 controls, NUL, lone surrogates, and U+FFFD: what a broken encoding leaves behind.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd\u2028\u2029]")
FORBIDDEN_IN_PARAGRAPHS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
ASCII_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)


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


class WebAddressField(TextField):
    """An http(s) URL without user-info; the server never fetches it."""

    default_error_messages = {"url": "Enter a URL that starts with http:// or https://, without user-info."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and not _is_web_address(text):
            self.fail("url")
        return text


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
