"""The bodies that the OpenAPI document shows for messages and refusals."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from config.http.negotiation import PROBLEM_JSON

NOT_SIGNED_IN = "Authentication credentials were not provided."

Example = str | Mapping[str, Any]


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
    """Why it was refused, in one sentence."""

    detail = serializers.CharField()


class ProblemBody(serializers.Serializer[Any]):
    """RFC 9457 problem details, for a client whose Accept names application/problem+json."""

    type = serializers.CharField(default="about:blank")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable; for programs.")
    errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


Body = type[ErrorBody] | type[DetailBody] | type[MessageBody]
KEYS: dict[Body, str] = {ErrorBody: "error", DetailBody: "detail", MessageBody: "message"}


def message(sentence: str) -> OpenApiResponse:
    """The 200 whose body is `{"message": sentence}`."""
    return _response(MessageBody, HTTPStatus.OK, [sentence])


def errors(
    sentences: Mapping[int, Example | Sequence[Example]], *, body: Body = ErrorBody
) -> dict[tuple[int, str], OpenApiResponse]:
    """`extend_schema(responses={200: ..., **errors({400: ["Invalid OTP", "Expired OTP"], 404: ...})})`.

    Each example is the sentence under the body's own key, or a whole body where there is more.
    """
    found: dict[tuple[int, str], OpenApiResponse] = {}
    for status, given in sentences.items():
        examples = [given] if isinstance(given, str | Mapping) else given
        found[status, "application/json"] = _response(body, HTTPStatus(status), examples)
        found[status, PROBLEM_JSON] = OpenApiResponse(ProblemBody, description=HTTPStatus(status).phrase)
    return found


def _response(body: Body, status: HTTPStatus, examples: Sequence[Example]) -> OpenApiResponse:
    bodies = [{KEYS[body]: example} if isinstance(example, str) else example for example in examples]
    return OpenApiResponse(
        body,
        description=status.phrase,
        examples=[
            OpenApiExample(
                str(value[KEYS[body]]), value=value, status_codes=[str(status.value)], response_only=True
            )
            for value in bodies
        ],
    )
