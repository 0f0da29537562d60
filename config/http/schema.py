"""The bodies that the OpenAPI document shows for messages and refusals."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from config.http.negotiation import PROBLEM_JSON, error_body, problem_body
from config.http.refusals import Refusal

NOT_SIGNED_IN = "Authentication credentials were not provided."


class MessageBody(serializers.Serializer[Any]):
    """What was done, in one sentence."""

    message = serializers.CharField()


class ErrorBody(serializers.Serializer[Any]):
    """Why it was refused, in one sentence; `details` names the fields of invalid input."""

    error = serializers.CharField()
    details = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


class DetailBody(serializers.Serializer[Any]):
    """Why it was refused, in one sentence; `details` names the fields of invalid input."""

    detail = serializers.CharField()
    details = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


class ProblemBody(serializers.Serializer[Any]):
    """RFC 9457 problem details, for a client whose Accept names application/problem+json."""

    type = serializers.CharField(default="about:blank")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable; for programs.")
    errors = serializers.DictField(  # type: ignore[assignment]  # a field, not the property of that name
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


class MalformedBody(Refusal):
    """The ParseError of config/http/parsers.py, for the document."""

    default_code = "malformed"
    default_detail = "The body is not valid JSON."


Body = type[ErrorBody] | type[DetailBody] | type[MessageBody]
Answers = dict[tuple[int, str], OpenApiResponse]
KEYS: dict[Body, str] = {ErrorBody: "error", DetailBody: "detail", MessageBody: "message"}


def message(*sentences: str) -> OpenApiResponse:
    """The 200 whose body is `{"message": sentence}`."""
    return answer(MessageBody, HTTPStatus.OK, {text: {"message": text} for text in sentences})


def answer(body: Any, status: int, examples: Mapping[str, Any]) -> OpenApiResponse:
    """An answer with its examples by their names; the document keeps one example per name."""
    return OpenApiResponse(
        body,
        description=HTTPStatus(status).phrase,
        examples=[
            OpenApiExample(name, value=value, status_codes=[str(status)], response_only=True)
            for name, value in examples.items()
        ],
    )


def refusals(*given: Refusal | type[Refusal], body: Body = ErrorBody) -> Answers:
    """`extend_schema(responses={200: ..., **refusals(OtpInvalid, OtpExpired, UserNotFound)})`.

    Status, code, sentence and details are the refusal's own: the document cannot drift from the code.
    """
    instances = [one() if isinstance(one, type) else one for one in given]
    found: Answers = {}
    for status in sorted({one.status_code for one in instances}):
        alike = [one for one in instances if one.status_code == status]
        plain = {_name(one): error_body(key=KEYS[body], **_words(one)) for one in alike}
        problems = {_name(one): _problem(one) for one in alike}
        found[status, "application/json"] = answer(body, status, plain)
        found[status, PROBLEM_JSON] = answer(ProblemBody, status, problems)
    return found


def _words(refusal: Refusal) -> dict[str, Any]:
    return {"sentence": str(refusal.detail), "details": getattr(refusal, "details", None)}


def _name(refusal: Refusal) -> str:
    details = getattr(refusal, "details", None) or {}
    return " ".join(f"{field}: {messages[0]}" for field, messages in details.items()) or str(refusal.detail)


def _problem(refusal: Refusal) -> dict[str, Any]:
    title = HTTPStatus(refusal.status_code).phrase
    return problem_body(status=refusal.status_code, title=title, code=refusal.default_code, **_words(refusal))
