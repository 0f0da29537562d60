"""How the OpenAPI document writes an operation down: its request in JSON and as a form, one id each."""

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view

MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
VERBS = {"PUT": "", "PATCH": "Patch", "POST": "Post"}


class OperationSchema(AutoSchema):
    """DRF's DEFAULT_SCHEMA_CLASS."""

    def get_serializer_name(self, serializer: Any, direction: str) -> str:
        """COMPONENT_SPLIT_REQUEST puts "Request" behind every name, LoginRequest's too."""
        return type(serializer).__name__.removesuffix("Request")


def post(
    operation_id: str, *, request: Any, examples: Mapping[str, Any], **document: Any
) -> Callable[[Any], Any]:
    """The decorator of a view that has POST alone; the examples by their names."""
    given = _in_each_media_type(examples)
    operation = extend_schema(operation_id=operation_id, request=request, examples=given, **document)
    return extend_schema_view(post=operation)


def change(
    operation_id: str, *, request: Any, examples: Mapping[str, Any], **document: Any
) -> list[Callable[[Any], Any]]:
    """`extend_schema_view(put=change(...))`: PUT, PATCH and POST, where all three are one method."""
    given = _in_each_media_type(examples)
    return [
        extend_schema(
            operation_id=operation_id + suffix,
            methods=[verb],
            request=request,
            examples=given,
            **document,
        )
        for verb, suffix in VERBS.items()
    ]


def _in_each_media_type(examples: Mapping[str, Any]) -> list[OpenApiExample]:
    return [
        OpenApiExample(name, value=value, media_type=media_type, request_only=True)
        for name, value in examples.items()
        for media_type in MEDIA_TYPES
    ]
