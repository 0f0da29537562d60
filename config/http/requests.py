"""A request whose Content-Type cannot be read is a request of an unknown type."""

from typing import Any

from django.http import HttpRequest

UNREADABLE = "unreadable/unreadable"


class ReadableContentType(HttpRequest):
    """Django raises for a parameter in a charset that nobody knows, before any middleware can answer."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]  # unknown to the stubs
        except ValueError:
            meta["CONTENT_TYPE"] = UNREADABLE
            super()._set_content_type_params(meta)  # type: ignore[misc]
