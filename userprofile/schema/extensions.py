"""What drf-spectacular cannot guess: how callers sign in, and what one-time passwords and dates look like."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension

from config.http.fields import DateOnlyField
from userprofile.addresses import MAX_LENGTH
from userprofile.serializers import AddressField, OtpField

BEARER = "bearerAuth"
COOKIE = "sessionCookie"


class BearerToken(OpenApiAuthenticationExtension):
    """Both schemes are defined beside the first view that asks; a view needs the token alone."""

    target_class = "userprofile.authentication.SessionTokenAuthentication"
    name = [BEARER, COOKIE]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        return [{BEARER: []}]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The `access_token` that `login/` and `token/refresh/` answer.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": settings.SESSION_COOKIE_NAME,
                "description": "Set by `account_locked/`, for `logout/`. Browsers send it by themselves.",
            },
        ]


class OneTimePassword(OpenApiSerializerFieldExtension):
    target_class = OtpField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "pattern": rf"^[0-9]{{{settings.OTP_LENGTH}}}$"}


class Address(OpenApiSerializerFieldExtension):
    """No `format: email`: look-ups accept a host without a dot."""

    target_class = AddressField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$", "maxLength": MAX_LENGTH}


class Day(OpenApiSerializerFieldExtension):
    """Where null empties a date so does "": forms know no null."""

    target_class = DateOnlyField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        day = {"type": "string", "format": "date"}
        if direction == "response" or not self.target.allow_null:
            return day
        return {"oneOf": [day, {"type": "string", "maxLength": 0}]}
