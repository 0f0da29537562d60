"""The document's words for one-time passwords: reset codes, validation codes, unblocking."""

from django.conf import settings
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from config.http.schema import ErrorBody, MalformedBody, MessageBody, answer, message, refusals
from config.http.schema_operations import post
from userprofile.exceptions import (
    AccountBlocked,
    AccountLocked,
    FieldRefusal,
    NotBlocked,
    NoUserToUnblock,
    OtpAttemptsExceeded,
    OtpExpired,
    OtpInvalid,
    OtpUsed,
    TooEarlyToUnblock,
    UserNotFound,
)
from userprofile.schema.words import ADDRESSES, EMAIL, NO_EMAIL, PASSWORDS, span
from userprofile.serializers import CodeRequest, EmailRequest, EmailValidationRequest, PasswordResetRequest

DIGITS = "1234567890"[: settings.OTP_LENGTH]
ODD_CODE = [f"The OTP must be exactly {settings.OTP_LENGTH} digits."]
NEW_PASSWORD = "Amber-Fjord8"  # noqa: S105  (an example)

CODE = f"""
The code has {settings.OTP_LENGTH} digits, works once and for {span(settings.OTP_LIFETIME)}, and replaces the
one before it: only the newest code is ever looked at."""

RESENDS = f"""
**Counting.** The first code is free. Each further one, asked for here or at the other address, is a resend.
After {settings.OTP_MAX_RESENDS} resends the next request is refused and the account is *blocked*: no more
reset codes until `User_unblock/` lifts the block, {span(settings.UNBLOCK_AFTER)} after the last accepted
request. A code that is still live keeps working, and so does signing in. Without a block the count lapses
after the same time."""

VALIDATION = f"""
Wrong code number {settings.OTP_MAX_FAILURES} kills the code: ask for a new one at `Generate_OTP/`. The
account is never locked by it."""


class CodeSent(MessageBody):
    """`otp` is there in DEBUG alone, where OTP_IN_RESPONSE is on."""

    otp = serializers.CharField(required=False)


forgot_password = post(
    "forgotPassword",
    tags=[PASSWORDS],
    summary="Ask for a reset code, or set a new password with one",
    description=f"""
Two steps at one address.

1. **Ask for a code:** send `email` alone; blank fields count as absent. The code goes to the stored address.
2. **Set the password:** send all four fields. On success every session of the user ends, locks and a block
   are lifted, and a mail tells the owner. A reset signs nobody in.
{CODE}
{RESENDS}

**Wrong codes.** Wrong code number {settings.OTP_MAX_FAILURES}, over all codes, locks the account for resets;
signing in still works. A code that is not {settings.OTP_LENGTH} digits is no attempt, and a password that is
refused does not spend the code.""",
    request=PasswordResetRequest,
    examples={
        "Ask for a code": EMAIL,
        "Set the password": {
            **EMAIL,
            "otp_entered": DIGITS,
            "new_password": NEW_PASSWORD,
            "confirm_password": NEW_PASSWORD,
        },
    },
    responses={
        200: answer(
            CodeSent,
            200,
            {
                "A code was sent": {"message": "OTP sent successfully"},
                "The same in DEBUG": {"message": "OTP sent successfully", "otp": DIGITS},
                "The password is set": {"message": "Password reset successfully"},
            },
        ),
        **refusals(
            OtpInvalid,
            OtpExpired,
            OtpUsed,
            NO_EMAIL,
            FieldRefusal(otp_entered=ODD_CODE),
            FieldRefusal(confirm_password=["The two passwords do not match."]),
            FieldRefusal(new_password=["New password must not be the same as the old password."]),
            MalformedBody,
            AccountLocked,
            AccountBlocked,
            UserNotFound,
        ),
    },
)

resend_code = post(
    "resendCode",
    tags=[PASSWORDS],
    summary="Ask for a reset code again",
    description=f"""
Sends a new reset code in place of the last one.
{CODE}
{RESENDS}""",
    request=EmailRequest,
    examples={"Ask again": EMAIL},
    responses={
        200: message("OTP Resend successfully"),
        **refusals(NO_EMAIL, MalformedBody),
        **refusals(AccountBlocked, AccountLocked, UserNotFound, body=MessageBody),
    },
)

unblock = post(
    "unblockUser",
    tags=[PASSWORDS],
    summary="Lift the block of too many reset codes",
    description=f"""
Works from {span(settings.UNBLOCK_AFTER)} after the last accepted request for a code. It lifts the *block*
alone, never a *lock*: that takes an admin, or for signing in a completed reset. Every refusal is a 400.

Also at `/userprofile/User_Unblock/` and `/api/unblock/`.""",
    request=EmailRequest,
    examples={"Unblock": EMAIL},
    responses={
        200: message("User unblocked successfully"),
        **refusals(NoUserToUnblock, NotBlocked, TooEarlyToUnblock, NO_EMAIL, MalformedBody),
    },
)

NOBODY_TO_VERIFY = answer(
    PolymorphicProxySerializer("MessageOrErrorBody", [MessageBody, ErrorBody], None),
    404,
    {
        "Asking for a code": {"message": UserNotFound.default_detail},
        "With otp": {"error": UserNotFound.default_detail},
    },
)

generate_code = post(
    "generateValidationCode",
    tags=[ADDRESSES],
    summary="Ask for a validation code",
    description=f"""
Sends the code that `Email-Validation/` accepts; call it again for another one. With `otp` in the body it
verifies the code instead, exactly as that endpoint does, and answers as it does.
{CODE}
{VALIDATION}""",
    request=CodeRequest,
    examples={"Ask for a code": EMAIL, "Verify the code": {**EMAIL, "otp": DIGITS}},
    responses={
        200: message("OTP Generate successfully", "Email validated successfully"),
        **refusals(
            OtpInvalid,
            OtpExpired,
            OtpUsed,
            OtpAttemptsExceeded,
            NO_EMAIL,
            FieldRefusal(otp=ODD_CODE),
            MalformedBody,
            UserNotFound,
        ),
        (404, "application/json"): NOBODY_TO_VERIFY,
    },
)

validate_email = post(
    "validateEmail",
    tags=[ADDRESSES],
    summary="Confirm an address with its code",
    description=f"""
Marks the user's address as verified. The field may also be called `OTP`.
{CODE}
{VALIDATION}

Also at `/userprofile/validate-email/` and `/validate-email/`.""",
    request=EmailValidationRequest,
    examples={"Confirm": {**EMAIL, "otp": DIGITS}},
    responses={
        200: message("Email validated successfully"),
        **refusals(
            OtpInvalid,
            OtpExpired,
            OtpUsed,
            OtpAttemptsExceeded,
            NO_EMAIL,
            FieldRefusal(otp=ODD_CODE),
            MalformedBody,
            UserNotFound,
        ),
    },
)
