"""Turns every refusal into the contract's JSON, or RFC 9457 problem details when asked for."""

import math
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.cache import patch_vary_headers
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from config.http.negotiation import PROBLEM_JSON, error_body, problem_body, wants_problem_details
from config.http.refusals import PayloadTooLarge, Refusal, ServiceUnavailable

INVALID_INPUT = "Invalid input."
CODES = {  # of the refusals that are DRF's own
    exceptions.ValidationError: "invalid_input",
    exceptions.ParseError: "malformed",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "throttled",
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "token_invalid",
}


def refusal_to_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None for what is no refusal but a fault of ours: that is a 500."""
    refusal = _as_refusal(error)
    if refusal is None:
        return None
    sentence, details = _sentence(refusal), _details(refusal)
    request = context["request"]
    if wants_problem_details(request.META.get("HTTP_ACCEPT", "")):
        status = HTTPStatus(refusal.status_code)
        code = _code(refusal)
        body = problem_body(
            status=status.value, title=status.phrase, code=code, sentence=sentence, details=details
        )
        response = Response(body, status=refusal.status_code, content_type=PROBLEM_JSON)
    else:
        key = _key(refusal, context["view"])
        response = Response(error_body(key=key, sentence=sentence, details=details), refusal.status_code)
    _add_headers(response, refusal)
    return response


def _as_refusal(error: Exception) -> exceptions.APIException | None:
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound("Not found.")
        case RequestDataTooBig():
            return PayloadTooLarge()
        case SuspiciousOperation() | UnreadablePostError():
            return exceptions.ParseError("The request is malformed.")
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case OperationalError() | InterfaceError():
            return ServiceUnavailable()
    return None


def _key(refusal: exceptions.APIException, view: Any) -> str:
    """`error`, but for the exceptions of CONTRACT 1.2."""
    if isinstance(refusal, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return "detail"
    key = getattr(view, "error_key", "error")
    is_the_seeds = key == "detail" or (isinstance(refusal, Refusal) and refusal.status_code in (403, 404))
    return key if is_the_seeds else "error"


def _sentence(refusal: exceptions.APIException) -> str:
    if isinstance(refusal, exceptions.ValidationError):
        return INVALID_INPUT
    if isinstance(refusal, exceptions.Throttled):
        return f"Too many requests. Try again in {_wait(refusal)} seconds."
    return str(refusal.detail)


def _details(refusal: exceptions.APIException) -> Any:
    if isinstance(refusal, exceptions.ValidationError):
        return as_serializer_error(refusal)
    return getattr(refusal, "details", None)


def _code(refusal: exceptions.APIException) -> str:
    return CODES.get(type(refusal), refusal.default_code)


def _wait(refusal: exceptions.APIException) -> int:
    return max(math.ceil(getattr(refusal, "wait", None) or 1), 1)


def _add_headers(response: Response, refusal: exceptions.APIException) -> None:
    patch_vary_headers(response, ["Accept"])
    if refusal.status_code in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response["Retry-After"] = str(_wait(refusal))
    if challenge := getattr(refusal, "auth_header", None):
        response["WWW-Authenticate"] = challenge
