"""What never reaches a view still answers in JSON."""

from collections.abc import Callable
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers

from config import intake
from config.admin_middleware import is_for_admin
from config.http.negotiation import PROBLEM_JSON, error_body, problem_body, wants_problem_details
from config.http.refusals import PayloadTooLarge, ServiceUnavailable

GetResponse = Callable[[HttpRequest], HttpResponseBase]
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
        refused = intake.take_in(request)
        response = _refuse(request, refused) if refused else self.get_response(request)
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


def _speaks_json(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").startswith(("application/json", PROBLEM_JSON))


def _refuse(request: HttpRequest, refused: intake.Refused) -> HttpResponse:
    response = json_error(request, refused.status)
    if refused.is_unread:
        response["Connection"] = "close"  # where the next request would begin is not known
    return response
