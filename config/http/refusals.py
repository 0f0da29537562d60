"""A refusal: the status, the stable code and the exact sentence that a client gets."""

from rest_framework.exceptions import APIException


class Refusal(APIException):
    """Raised by the rules; config/exception_handler.py turns it into the contract's JSON.

    `status_code` is the HTTP status, `default_code` the `code` of RFC 9457 problem details,
    `default_detail` the sentence.
    """

    status_code = 400
    default_code = "invalid_input"
    default_detail = "The request cannot be carried out."


class ServiceUnavailable(Refusal):
    status_code = 503
    default_code = "unavailable"
    default_detail = "The service is unavailable for a moment. Try again."
    wait = 2  # seconds, sent as Retry-After


class PayloadTooLarge(Refusal):
    status_code = 413
    default_code = "payload_too_large"
    default_detail = "The request body is larger than 64 KiB."


class InvalidQuery(Refusal):
    """A query parameter that is missing or malformed."""
