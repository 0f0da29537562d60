"""What the body alone can show: shapes and forms of each request, and the shape of each answer."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytz
from django.conf import settings
from django.contrib.auth.validators import UnicodeUsernameValidator
from rest_framework import serializers

from config.http.fields import (
    DateOnlyField,
    OneOfField,
    PasswordField,
    PhoneField,
    TextField,
    WebAddressField,
    WholeNumberField,
)
from config.http.serializers import PartialDetails
from userprofile.addresses import MAX_LENGTH, NOT_AN_ADDRESS, canonical
from userprofile.clock import now
from userprofile.models import LoginActivity, User

MAY_BE_EMPTY: Any = {"allow_blank": True, "allow_null": True}  # null empties a text, as "" does


class AddressField(TextField):
    """An address to look up: anything that has a canonical form, a host without a dot included."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            canonical(text)
        except ValueError:
            raise serializers.ValidationError(NOT_AN_ADDRESS, "invalid") from None
        return text


class OtpField(TextField):
    """Exactly OTP_LENGTH ASCII digits, as text: a JSON number would lose its leading noughts."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not re.fullmatch(rf"[0-9]{{{settings.OTP_LENGTH}}}", text):
            message = f"The OTP must be exactly {settings.OTP_LENGTH} digits."
            raise serializers.ValidationError(message, "invalid")
        return text


class UtcSecondsField(serializers.DateTimeField):
    """ISO 8601 in UTC, whole seconds, with `Z`."""

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_given(value: Any) -> bool:
    """Absent, null and blank are the same; anything else, of whatever type, is there to be judged."""
    return value is not None and not (isinstance(value, str) and not value.strip())


class EmailRequest(serializers.Serializer[Any]):
    """`aliases`: other spellings of a field's name that the seed's examples use."""

    email = AddressField()
    aliases: dict[str, str] = {}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            renamed = {self.aliases.get(name, name): value for name, value in data.items()}
            data = {**renamed, **{name: value for name, value in data.items() if name in self.fields}}
        return super().to_internal_value(data)


class PasswordResetRequest(EmailRequest):
    """Only `email`: a code is asked for. Any of the others: then all three are required."""

    otp_entered = OtpField(required=False, allow_blank=True, allow_null=True)
    new_password = PasswordField(required=False, allow_blank=True, allow_null=True)
    confirm_password = PasswordField(required=False, allow_blank=True, allow_null=True)

    RESET_FIELDS = ("otp_entered", "new_password", "confirm_password")

    @classmethod
    def is_reset(cls, data: Any) -> bool:
        """Whether a body sets a new password; absent, null and blank are the same."""
        return isinstance(data, dict) and any(is_given(data.get(name)) for name in cls.RESET_FIELDS)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if value is not None}
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in self.RESET_FIELDS if is_given(attrs.get(name))]
        if not given:
            return {"email": attrs["email"]}
        missing = {name: ["This field is required."] for name in self.RESET_FIELDS if name not in given}
        if missing:
            raise serializers.ValidationError(missing)
        if attrs["new_password"] != attrs["confirm_password"]:
            raise serializers.ValidationError({"confirm_password": ["The two passwords do not match."]})
        return attrs


class EmailValidationRequest(EmailRequest):
    aliases = {"OTP": "otp"}
    otp = OtpField()


class CodeRequest(EmailRequest):
    """`Generate_OTP/`: with `otp` it verifies instead."""

    otp = OtpField(required=False, allow_blank=True, allow_null=True)

    @classmethod
    def is_verification(cls, data: Any) -> bool:
        return isinstance(data, dict) and any(is_given(data.get(name)) for name in ("otp", "OTP"))


class LoginRequest(EmailRequest):
    password = PasswordField()


class AccountLockedRequest(EmailRequest):
    aliases = {"password": "Password"}
    Password = PasswordField()


class RefreshRequest(serializers.Serializer[Any]):
    refresh_token = TextField(max_length=4096)


class UserDetails(PartialDetails):
    """A user's details, to read and to change."""

    id = serializers.IntegerField(read_only=True)
    first_name = TextField(max_length=150, **MAY_BE_EMPTY)
    last_name = TextField(max_length=150, **MAY_BE_EMPTY)
    username = TextField(max_length=150, validators=[UnicodeUsernameValidator()])
    email = AddressField()
    phone = PhoneField(**MAY_BE_EMPTY)
    gender = OneOfField(choices=User.Gender.choices, **MAY_BE_EMPTY)
    profile_pic = WebAddressField(max_length=500, **MAY_BE_EMPTY)
    dob = DateOnlyField(allow_null=True)
    short_name = TextField(max_length=50, **MAY_BE_EMPTY)
    timezone = TextField(max_length=63, **MAY_BE_EMPTY)
    is_email_verified = serializers.BooleanField(read_only=True)

    def validate_dob(self, value: date | None) -> date | None:
        if value is not None and not date(1900, 1, 1) <= value < now().date():
            raise serializers.ValidationError("The date of birth must lie between 1900 and yesterday.")
        return value

    def validate_timezone(self, value: str) -> str:
        if value and value not in pytz.all_timezones_set:
            raise serializers.ValidationError("Enter a time zone such as Europe/Berlin.")
        return value


class CurrentPassword(serializers.Serializer[Any]):
    """What proves who changes an e-mail address, beside the details themselves."""

    current_password = PasswordField(required=False, allow_blank=True, allow_null=True)


class Target(serializers.Serializer[Any]):
    """Which of the two `User&App/` is to change."""

    user_id = WholeNumberField(required=False, allow_null=True)
    application_id = WholeNumberField(required=False, allow_null=True)


class ActivityQuery(serializers.Serializer[Any]):
    email = AddressField()
    limit = WholeNumberField(required=False, min_value=1, default=100)
    before = WholeNumberField(required=False, min_value=1)


class ActivityLog(serializers.ModelSerializer[LoginActivity]):
    created_at = UtcSecondsField()
    logout_time = UtcSecondsField(allow_null=True)

    class Meta:
        model = LoginActivity
        fields = ("id", "email", "ip_address", "user_agent", "created_at", "logout_time", "attempt_name")


class UserActivity(serializers.Serializer[Any]):
    """The seed's keys, in its order."""

    email = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    last_login = UtcSecondsField(allow_null=True)
    logout = UtcSecondsField(allow_null=True)
    estimated_logout = UtcSecondsField(allow_null=True)
    is_active = serializers.BooleanField()
    activity_logs = ActivityLog(many=True)
