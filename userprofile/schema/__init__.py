"""What the OpenAPI document says of each endpoint: one decorator for each view."""

from userprofile.schema import extensions
from userprofile.schema.codes import forgot_password, generate_code, resend_code, unblock, validate_email
from userprofile.schema.details import user_details, user_or_application
from userprofile.schema.sign_in import account_locked, login, logout, refresh, user_activity

__all__ = [
    "account_locked",
    "extensions",
    "forgot_password",
    "generate_code",
    "login",
    "logout",
    "refresh",
    "resend_code",
    "unblock",
    "user_activity",
    "user_details",
    "user_or_application",
    "validate_email",
]
