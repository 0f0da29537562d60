"""The document's words for reading and changing details."""

from datetime import timedelta

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view

from application.exceptions import ApplicationDoesNotExist, LicenceEndsBeforeItStarts
from application.serializers import ApplicationDetails
from config.http.schema import MalformedBody, answer, message, refusals
from config.http.schema_operations import change
from userprofile.exceptions import (
    AccountLocked,
    FieldRefusal,
    ReauthenticationRequired,
    TargetRequired,
    TwoTargets,
    UserIdDoesNotExist,
)
from userprofile.schema.words import USERS, span
from userprofile.serializers import CurrentPassword, Target, UserDetails

DETAILS = {
    "first_name": "Asha",
    "last_name": "Rao",
    "username": "asha",
    "email": "demo@example.com",
    "phone": "+919876543210",
    "gender": "female",
    "profile_pic": "https://example.com/asha.png",
    "dob": "1990-04-23",
    "short_name": "Asha",
    "timezone": "Asia/Kolkata",
}
USER_ID = OpenApiParameter(
    "user_id",
    int,
    OpenApiParameter.PATH,
    description="The caller's own, or for staff anyone's.",
    examples=[OpenApiExample("The demo account", value=1)],
)
NAMES = {name: DETAILS[name] for name in ("first_name", "last_name", "timezone")}
NEW_ADDRESS = {"email": "asha@example.com", "current_password": "Violet-Kite7"}
EMPTY_BODY = FieldRefusal(non_field_errors=[f"Send at least one of: {', '.join(DETAILS)}."])
PARTIAL = """PUT, PATCH and POST do the same: fields that are not sent stay as they are, and unknown ones are
ignored."""
ADDRESS = f"""
Changing `email` needs a sign-in younger than {span(settings.REAUTHENTICATE_AFTER)}, or the caller's
`current_password` in the body; a wrong one there counts like any wrong password. The new address is
unverified, open codes are void, and both addresses get a mail. New addresses and usernames are counted for
who sends them: {settings.THROTTLE_MAIL[0]} in {span(timedelta(seconds=settings.THROTTLE_MAIL[1]))}."""


class UserChanges(UserDetails, CurrentPassword):
    """`current_password` accompanies a new `email`."""


class Changes(Target, UserChanges, ApplicationDetails):
    """`user_id` and fields of a user, or `application_id` and fields of an application."""


user_details = extend_schema_view(
    get=extend_schema(
        operation_id="showUser",
        tags=[USERS],
        summary="Show a user's details",
        description="For the user and for staff; for anyone else the id does not exist.",
        parameters=[USER_ID],
        responses={
            200: answer(UserDetails, 200, {"A user": {"id": 1, **DETAILS, "is_email_verified": True}}),
            **refusals(UserIdDoesNotExist),
        },
    ),
    put=change(
        "updateUser",
        tags=[USERS],
        summary="Update a user's details",
        description=f"""
For the user and for staff; for anyone else the id does not exist. {PARTIAL} What `GET` answers may be sent
back whole.
{ADDRESS}""",
        parameters=[USER_ID],
        request=UserChanges,
        examples={"All fields": DETAILS, "A few fields": NAMES, "A new address": NEW_ADDRESS},
        responses={
            200: message("User details updated successfully"),
            **refusals(
                FieldRefusal(dob=["The date of birth must lie between 1900 and yesterday."]),
                FieldRefusal(email=["A user with that email already exists."]),
                EMPTY_BODY,
                MalformedBody,
                ReauthenticationRequired,
                AccountLocked,
                UserIdDoesNotExist,
            ),
        },
    ),
)

user_or_application = extend_schema_view(
    put=change(
        "updateUserOrApplication",
        tags=[USERS],
        summary="Update the details of a user or of an application",
        description=f"""
`user_id` or `application_id` says which, and never both; the other fields and the permissions are those of
`User_update/` and `Application_update/`. {PARTIAL}
{ADDRESS}

Also at `/api/update/`.""",
        request=Changes,
        examples={
            "A user": {"user_id": 1, **NAMES},
            "An application": {
                "application_id": 1,
                "state_name": "Karnataka",
                "website": "https://example.com",
            },
        },
        responses={
            200: message("User details updated successfully", "Application details updated successfully"),
            **refusals(
                TargetRequired,
                TwoTargets,
                EMPTY_BODY,
                LicenceEndsBeforeItStarts,
                MalformedBody,
                ReauthenticationRequired,
                AccountLocked,
                UserIdDoesNotExist,
                ApplicationDoesNotExist,
            ),
        },
    )
)
