"""Takes a request in whole: its host, its length and its body are judged before anything reads them."""

import io
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest


@dataclass(frozen=True, kw_only=True)
class Refused:
    status: int
    is_unread: bool  # something of it is still to come, or nobody knows where it ends


def take_in(request: HttpRequest) -> Refused | None:
    """Reads the request's body, to its end; None if all of it may pass."""
    try:
        request.get_host()
    except DisallowedHost:
        return Refused(status=HTTPStatus.BAD_REQUEST, is_unread=False)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isascii() or not length.isdigit():
        return Refused(status=HTTPStatus.BAD_REQUEST, is_unread=False)
    # int() itself refuses thousands of digits.
    if len(length) > 18 or int(length) > settings.MAX_BODY_BYTES:
        return Refused(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, is_unread=True)
    status = _read_body(request, int(length))
    return Refused(status=status, is_unread=True) if status else None


def _read_body(request: HttpRequest, length: int) -> int | None:
    """The body, from now on in memory; the status of the refusal if that cannot be done.

    A chunked body has no length, and Django would read it as empty; one that ends before its length
    would be read as if it were whole, and a server's own errors in mid-body would be a 500.
    """
    coding = request.META.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
    if coding and not request.META.get("wsgi.input_terminated"):
        return None
    if "wsgi.input" not in request.META or not (coding or length):
        return None
    if coding not in ("", "chunked"):
        return HTTPStatus.BAD_REQUEST
    try:
        body = request.META["wsgi.input"].read(settings.MAX_BODY_BYTES + 1 if coding else length)
    except TimeoutError:
        return HTTPStatus.REQUEST_TIMEOUT
    except Exception:  # noqa: BLE001  (each server has its own for a body that is broken)
        return HTTPStatus.BAD_REQUEST
    if len(body) > settings.MAX_BODY_BYTES:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if not coding and len(body) < length:
        return HTTPStatus.BAD_REQUEST
    request.META["CONTENT_LENGTH"] = str(len(body))
    request.META["wsgi.input"] = request._stream = io.BytesIO(body)
    return None
