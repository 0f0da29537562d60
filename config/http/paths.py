"""URL paths that are served with and without their trailing slash."""

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import URLPattern, path


def both_spellings(
    route: str, view: Callable[..., HttpResponseBase], name: str | None = None
) -> list[URLPattern]:
    """`route` ends in a slash and carries the name; a redirect from the other would lose a body."""
    options: dict[str, Any] = {"name": name} if name else {}
    return [path(route, view, **options), path(route.rstrip("/"), view)]
