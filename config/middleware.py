"""What never reaches a view still answers in JSON; the admin's middleware stays with the admin."""

import io
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers

from config.http.negotiation import PROBLEM_JSON, error_body, problem_body, wants_problem_details
from config.http.refusals import PayloadTooLarge, ServiceUnavailable

GetResponse = Callable[[HttpRequest], HttpResponseBase]
ADMIN_POLICY = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
}
CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "payload_too_large",
}
SENTENCES = {
    400: "The request is malformed.",
    404: "Not found.",
    408: "The request took too long to arrive.",
    413: str(PayloadTooLarge.default_detail),
    414: "The request's address is too long.",
    417: "No such expectation is met here.",
    431: "The request's headers are too large.",
    500: "Something went wrong here. It has been recorded.",
    503: str(ServiceUnavailable.default_detail),
}


class JsonErrors:
    """The outermost: refuses a bad Host and a large body, and words every error in JSON.

    Django's own pages for them are HTML, and in DEBUG its handlers are bypassed.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = _refuse_unread(request) or self.get_response(request)
        failed = response.status_code >= HTTPStatus.BAD_REQUEST
        if failed and not _speaks_json(response) and not is_for_admin(request):
            response = json_error(request, response.status_code, replaces=response)
        if _speaks_json(response) or is_for_admin(request):
            response.headers.setdefault("Cache-Control", "no-store")
        if response.has_header("Allow") and not is_for_admin(request):
            # DRF always names it, though without metadata it is a 405; a preflight never comes this far.
            response["Allow"] = response["Allow"].removesuffix(", OPTIONS")
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The views of the API have their own handler; this is for the pages and the admin."""
        if isinstance(error, OperationalError | InterfaceError):
            response = json_error(request, HTTPStatus.SERVICE_UNAVAILABLE)
            response["Retry-After"] = str(ServiceUnavailable.wait)
            return response
        return None


def json_error(
    request: HttpRequest, status: int, *, replaces: HttpResponseBase | None = None
) -> HttpResponse:
    """The contract's error for a status, keeping the headers of the answer it replaces."""
    phrase = HTTPStatus(status).phrase
    sentence = SENTENCES.get(status, f"{phrase}.")
    if wants_problem_details(request.META.get("HTTP_ACCEPT", "")):
        code = CODES.get(
            status, "unavailable" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_input"
        )
        body = problem_body(status=status, title=phrase, code=code, sentence=sentence)
        response = JsonResponse(body, status=status, content_type=PROBLEM_JSON)
    else:
        response = JsonResponse(error_body(key=_key(request), sentence=sentence), status=status)
    for name in ("Allow", "Retry-After"):
        if replaces is not None and replaces.has_header(name):
            response[name] = replaces[name]
    patch_vary_headers(response, ["Accept"])
    return response


def _key(request: HttpRequest) -> str:
    """`login/` and `token/refresh/` say `detail` for all their errors, those that no view words included."""
    try:
        view = getattr(resolve(request.path_info).func, "cls", None)
    except Resolver404:  # `OPTIONS *` and `CONNECT host:443` have no path at all
        return "error"
    return "detail" if getattr(view, "error_key", None) == "detail" else "error"


def is_for_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith(f"/{settings.ADMIN_PATH}")


def _speaks_json(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").startswith(("application/json", PROBLEM_JSON))


def _refuse_unread(request: HttpRequest) -> HttpResponse | None:
    try:
        request.get_host()
    except DisallowedHost:
        return json_error(request, HTTPStatus.BAD_REQUEST)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isascii() or not length.isdigit():
        return json_error(request, HTTPStatus.BAD_REQUEST)
    # int() itself refuses thousands of digits.
    if len(length) > 18 or int(length) > settings.MAX_BODY_BYTES:
        return _refuse_and_close(request, PayloadTooLarge.status_code)
    refused = _read_body(request, int(length))
    return _refuse_and_close(request, refused) if refused else None


def _read_body(request: HttpRequest, length: int) -> int | None:
    """Takes the body in, to its end; the status of the refusal if that cannot be done.

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
        return PayloadTooLarge.status_code
    if not coding and len(body) < length:
        return HTTPStatus.BAD_REQUEST
    request.META["CONTENT_LENGTH"] = str(len(body))
    request.META["wsgi.input"] = request._stream = io.BytesIO(body)
    return None


def _refuse_and_close(request: HttpRequest, status: int) -> HttpResponse:
    response = json_error(request, status)
    response["Connection"] = "close"  # where the next request would begin is not known
    return response


class ForAdmin:
    """Runs a middleware of Django's for the admin's pages, and passes every other request by."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_for_admin(request):
            return super().__call__(request)  # type: ignore[misc]
        return self.get_response(request)  # type: ignore[attr-defined]


class AdminSessions(ForAdmin, SessionMiddleware):
    pass


class AdminAuthentication(ForAdmin, AuthenticationMiddleware):
    pass


class AdminMessages(ForAdmin, MessageMiddleware):
    pass


class AdminCsrf(ForAdmin, CsrfViewMiddleware):
    def process_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().process_view(request, *args, **kwargs) if is_for_admin(request) else None


class AdminContentSecurity:
    """The admin may load its own scripts and styles; the API's answers may load nothing."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if is_for_admin(request):
            response._csp_replace = ADMIN_POLICY  # type: ignore[attr-defined]
        return response
