"""The document's words for signing in and out, tokens, and the activity log."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from config.http.schema import DetailBody, MalformedBody, answer, message, refusals
from config.http.schema_operations import post
from userprofile.exceptions import (
    AccountLocked,
    ActivityUserNotFound,
    CrossSiteRefused,
    FieldRefusal,
    InvalidCredentials,
    InvalidCredentialsLocked,
    InvalidCredentialsWithCount,
    TokenInvalid,
    UserDoesNotExist,
    UserIsNotAuthenticated,
)
from userprofile.schema.extensions import BEARER, COOKIE
from userprofile.schema.words import EMAIL, NO_EMAIL, REQUIRED, SIGN_IN, span
from userprofile.serializers import AccountLockedRequest, LoginRequest, RefreshRequest, UserActivity

PASSWORD = "Violet-Kite7"  # noqa: S105  (the demo account's)
MOST = settings.LOGIN_MAX_FAILURES
TOKENS = {
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIn0.c2lnbmF0dXJl",
    "refresh_token": "eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl",
}
ACTIVITY = {
    **EMAIL,
    "first_name": "Asha",
    "last_name": "Rao",
    "last_login": "2026-03-14T09:26:53Z",
    "logout": "2026-03-13T17:02:11Z",
    "estimated_logout": "2026-03-14T10:26:53Z",
    "is_active": True,
    "activity_logs": [
        {
            "id": 42,
            **EMAIL,
            "ip_address": "203.0.113.7",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "created_at": "2026-03-14T09:26:53Z",
            "logout_time": None,
            "attempt_name": "login_success",
        }
    ],
}
LOCKOUT = f"""
**Lockout.** Wrong password number {MOST} in a row, through any door (`login/`, `account_locked/`, the admin),
locks the account for new sign-ins: a right password is refused then too. Open sessions go on, and resetting
the password works and lifts the lock; so does an admin. Every attempt is written to the activity log."""


class TokenPair(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField(help_text="Good for one exchange at `token/refresh/`.")


class SignedOut(serializers.Serializer[Any]):
    detail = serializers.CharField()


login = post(
    "login",
    tags=[SIGN_IN],
    summary="Sign in and get tokens",
    description=f"""
The access token goes into `Authorization: Bearer <access_token>` and lives for
{span(settings.ACCESS_TOKEN_LIFETIME)}; `token/refresh/` gives the next one. An unknown address and a wrong
password get the same answer in the same time.
{LOCKOUT}

Also at `/api/login/`.""",
    request=LoginRequest,
    examples={"The demo account": {**EMAIL, "password": PASSWORD}},
    responses={
        200: answer(TokenPair, 200, {"Signed in": TOKENS}),
        **refusals(
            NO_EMAIL,
            FieldRefusal(password=REQUIRED),
            MalformedBody,
            InvalidCredentials(attempts_remaining=None),
            AccountLocked,
            body=DetailBody,
        ),
    },
)

refresh = post(
    "refreshToken",
    tags=[SIGN_IN],
    summary="Exchange a refresh token for new tokens",
    description=f"""
Each refresh token has one successor. A retry within {span(settings.REFRESH_GRACE)} (a client that lost the
answer, two tabs at once) gets that same successor again; any later reuse ends the whole session.

Also at `/api/token/refresh/`.""",
    request=RefreshRequest,
    examples={"Refresh": {"refresh_token": TOKENS["refresh_token"]}},
    responses={
        200: answer(TokenPair, 200, {"New tokens": TOKENS}),
        **refusals(FieldRefusal(refresh_token=REQUIRED), MalformedBody, TokenInvalid, body=DetailBody),
    },
)

account_locked = post(
    "signInWithSession",
    tags=[SIGN_IN],
    summary="Sign in with a session cookie, and be told how many attempts remain",
    description=f"""
Signs in with a Django session: a cookie, `SameSite=Lax` and `HttpOnly`. The field may also be called
`password`. Another site's page cannot sign a visitor in: what a browser marks as cross-site is refused.
{LOCKOUT}

Also at `/userprofile/account-locked/` and `/account-locked/`.""",
    request=AccountLockedRequest,
    examples={"The demo account": {**EMAIL, "Password": PASSWORD}},
    parameters=[
        OpenApiParameter(
            "Set-Cookie", str, OpenApiParameter.HEADER, response=[200], description="The session."
        )
    ],
    responses={
        200: message("Login successful"),
        **refusals(
            NO_EMAIL,
            FieldRefusal(Password=REQUIRED),
            MalformedBody,
            *(InvalidCredentialsWithCount(attempts_remaining=left) for left in range(MOST - 1, 0, -1)),
            InvalidCredentialsLocked,
            AccountLocked,
            CrossSiteRefused,
            UserDoesNotExist,
        ),
    },
)

logout = extend_schema_view(
    post=extend_schema(
        operation_id="logout",
        tags=[SIGN_IN],
        summary="Sign out",
        description="""
Ends the session of the bearer token, or of the session cookie. From then on its access token and its refresh
token are refused, at once and on every server. There is no body, and no CSRF token is needed.

Also at `/api/logout/`.""",
        request=None,
        auth=[{BEARER: []}, {COOKIE: []}],  # type: ignore[list-item]  # requirements pass through as they are
        responses={
            200: answer(SignedOut, 200, {"Signed out": {"detail": "Logout successful."}}),
            **refusals(UserIsNotAuthenticated),
        },
    )
)

user_activity = extend_schema_view(
    get=extend_schema(
        operation_id="userActivity",
        tags=[SIGN_IN],
        summary="Read a user's activity log",
        description="""
For the user and for staff. The log has every attempt to sign in, newest first, at most 100 a page. `logout`
is the last logout; `estimated_logout` is when the access token of the newest open session runs out, `null`
without one.

Also at `/api/user-activity/`.""",
        parameters=[
            OpenApiParameter(
                "email",
                str,
                required=True,
                description="Whose log. For an address that you may not see: 404.",
                examples=[OpenApiExample("The demo account", value=EMAIL["email"])],
            ),
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "default": 100},
                description="Rows a page; more than 100 is cut to 100.",
            ),
            OpenApiParameter(
                "before",
                {"type": "integer", "minimum": 1},
                description="Only rows with a smaller `id`; the `Link` header has it ready.",
            ),
            OpenApiParameter(
                "Link",
                str,
                OpenApiParameter.HEADER,
                response=[200],
                description='The next page, where there is one: `<...>; rel="next"`.',
            ),
        ],
        responses={
            200: answer(UserActivity, 200, {"A page of the log": ACTIVITY}),
            **refusals(
                NO_EMAIL,
                FieldRefusal(limit=["Ensure this value is greater than or equal to 1."]),
                FieldRefusal(before=["A valid integer is required."]),
                ActivityUserNotFound,
            ),
        },
    )
)
