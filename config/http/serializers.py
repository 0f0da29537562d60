"""The serializer for updates that may name any of a row's fields and leave the rest alone."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers


class PartialDetails(serializers.Serializer[Any]):
    """Every field is optional; unknown and read-only keys are ignored; at least one field must be sent.

    With an instance, what equals its present representation is dropped before it is judged, so
    that what GET gave may be sent back whole even if an odd value was stored long ago.
    `validated_data` holds the changes alone and may be empty. `null` and `""` both mean "empty":
    a text becomes "", anything else None, where the field allows it. `accompanying` names fields
    that go with an update and change nothing by themselves, such as current_password.
    """

    accompanying: ClassVar[tuple[str, ...]] = ()

    default_error_messages = {
        "invalid": "Send an object with the fields to update.",
        "none_of_the_fields": "Send at least one of: {names}.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "partial": True})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # The JSON `null` would be answered "No data provided", as if fields were required.
        return super().run_validation([] if data is None else data)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            self._refuse("invalid")
        fields = {name: field for name, field in self.fields.items() if not field.read_only}
        given = {name: _emptied(field, data[name]) for name, field in fields.items() if name in data}
        if not given.keys() - self.accompanying:
            updatable = (name for name in fields if name not in self.accompanying)
            self._refuse("none_of_the_fields", names=", ".join(updatable))
        stored = {} if self.instance is None else self.to_representation(self.instance)
        changed = {
            name: value for name, value in given.items() if name not in stored or _differ(value, stored[name])
        }
        values: dict[str, Any] = super().to_internal_value(changed)
        return values

    def _refuse(self, key: str, **values: str) -> None:
        message = self.error_messages[key].format(**values)
        raise serializers.ValidationError({"non_field_errors": [message]}, code=key)


def _emptied(field: serializers.Field[Any, Any, Any, Any], value: Any) -> Any:
    """An empty value in the field's own spelling, since forms know no null and texts no None."""
    if value is None and getattr(field, "allow_blank", False):
        return ""
    if value == "" and field.allow_null and not getattr(field, "allow_blank", False):
        return None
    return value


def _differ(value: Any, stored: Any) -> bool:
    """`True == 1` in Python, but a client that sends true for a number has not sent it back."""
    return type(value) is not type(stored) or bool(value != stored)
