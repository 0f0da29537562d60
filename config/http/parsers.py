"""Reads JSON and form bodies strictly: UTF-8, no doubled keys, no nesting without end."""

import json
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import QueryDict
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.utils.mediatypes import _MediaType

from config.http.refusals import PayloadTooLarge

MAX_DEPTH = 16
UTF8_NAMES = ("utf-8", "utf8", "us-ascii")


def refuse_other_charsets(media_type: str | None) -> None:
    """Raises UnsupportedMediaType (415) unless the body is declared as UTF-8 or not at all."""
    charset = str(_MediaType(media_type or "").params.get("charset", "utf-8"))
    if charset.strip("\"'").lower() not in UTF8_NAMES:
        raise UnsupportedMediaType(media_type or "", "Only the charset UTF-8 is read.")


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it; a doubled key or deep nesting is malformed."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        refuse_other_charsets(media_type)
        try:
            text = stream.read().decode("utf-8")
            data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
        except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
            raise ParseError("The body is not valid JSON.") from None
        if _is_deeper_than(data, MAX_DEPTH):
            raise ParseError("The body is nested too deeply.")
        return data


class StrictFormParser(FormParser):
    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        refuse_other_charsets(media_type)
        try:
            return QueryDict(stream.read(), encoding="utf-8")
        except TooManyFieldsSent:
            raise ParseError("The form has too many fields.") from None


class StrictMultiPartParser(MultiPartParser):
    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        refuse_other_charsets(media_type)
        try:
            return super().parse(stream, media_type, parser_context)
        except RequestDataTooBig:
            raise PayloadTooLarge from None
        except (TooManyFieldsSent, TooManyFilesSent):
            raise ParseError("The form has too many fields.") from None
        except (ValueError, LookupError):
            raise ParseError("The multipart body is malformed.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _is_deeper_than(data: Any, depth: int) -> bool:
    """Level by level, since recursion is what deep nesting breaks."""
    level = [data]
    for _ in range(depth):
        level = [child for value in level for child in _children(value)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
