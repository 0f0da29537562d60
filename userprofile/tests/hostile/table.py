"""A row of the table of hostile requests, and the few words that its bytes are written with."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from userprofile.tests.api.doors import Door

HOST = b"Host: 127.0.0.1"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Hostile:
    """One request: its bytes, and the answer that both databases must give.

    Refusals are JSON with one sentence under `key`; `field` is the one field that `details` names,
    `sentence` what it says where the status alone could be another refusal's.
    """

    name: str
    request: bytes | Callable[[], bytes]
    status: int | None  # None: the server hangs up without an answer
    key: str = "error"
    field: str = ""
    sentence: str = ""
    then: tuple[int, ...] = ()  # the answers to further requests in the same bytes
    hangs_up: bool = False  # the client sends its end of file behind the bytes
    stores: bool = False  # an attempt to sign in that is logged
    is_proxied: bool = False  # sent to the servers with TRUSTED_PROXIES=1
    has_body: bool = True

    @property
    def bytes(self) -> bytes:
        return self.request if isinstance(self.request, bytes) else self.request()


def head(line: bytes | str, *headers: bytes | str) -> bytes:
    """A request line and headers, Host not included; text is sent as UTF-8."""
    lines = [part.encode() if isinstance(part, str) else part for part in (line, *headers)]
    return b"\r\n".join([*lines, b"", b""])


def get(path: bytes | str, *headers: bytes | str) -> bytes:
    target = path.encode() if isinstance(path, str) else path
    return head(b"GET " + target + b" HTTP/1.1", HOST, *headers)


def send(
    door: Door, body: bytes | str, *headers: bytes | str, media_type: str = JSON, method: str = "POST"
) -> bytes:
    """A body as it is, framed as it should be."""
    content = body.encode() if isinstance(body, str) else body
    given = (f"Content-Type: {media_type}",) if media_type else ()
    line = f"{method} {door.path} HTTP/1.1"
    return head(line, HOST, *given, f"Content-Length: {len(content)}", *headers) + content


def fields(door: Door, **values: Any) -> str:
    """The door's body with other values, in JSON."""
    return json.dumps({**door.body, **values})
