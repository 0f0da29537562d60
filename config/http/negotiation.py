"""Every answer is JSON, whatever `Accept` asks for."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

PROBLEM_JSON = "application/problem+json"


class AlwaysJson(DefaultContentNegotiation):
    """A 406 would bar clients that send `Accept: application/problem+json` alone."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or "application/json"


def wants_problem_details(accept: str) -> bool:
    """Whether an `Accept` header names application/problem+json (and not with q=0)."""
    for entry in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        if media_type == PROBLEM_JSON:
            return not any(_is_zero(parameter) for parameter in parameters)
    return False


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in ("", ".", "0.")


def error_body(*, key: str, sentence: str, details: Any = None) -> dict[str, Any]:
    """The contract's error: one sentence under `key`, and the fields' messages if there are any."""
    return {key: sentence} if details is None else {key: sentence, "details": details}


def problem_body(*, status: int, title: str, code: str, sentence: str, details: Any = None) -> dict[str, Any]:
    """RFC 9457: `about:blank` says that the title is the status' own phrase; `code` is ours."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": sentence, "code": code}
    return body if details is None else {**body, "errors": details}
