"""The endpoints: each reads the request, calls one rule, and words the answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.middleware import SessionMiddleware
from django.utils.decorators import decorator_from_middleware, method_decorator
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from application import details as application_details
from application.serializers import ApplicationDetails
from userprofile import schema
from userprofile.authentication import bearer_token
from userprofile.client import client_of
from userprofile.clock import now
from userprofile.exceptions import TargetRequired, TokenInvalid, TwoTargets, UserIsNotAuthenticated
from userprofile.journeys import activity, email_verification, login, password_reset, profile, unblocking
from userprofile.mechanisms import otp, sessions
from userprofile.models import LoginActivity, User
from userprofile.permissions import NotCrossSite
from userprofile.serializers import (
    AccountLockedRequest,
    ActivityQuery,
    CodeRequest,
    CurrentPassword,
    EmailRequest,
    EmailValidationRequest,
    LoginRequest,
    PasswordResetRequest,
    RefreshRequest,
    Target,
    UserActivity,
    UserDetails,
)
from userprofile.throttling import CountedThrottle

View = TypeVar("View", bound=APIView)
with_django_session = method_decorator(decorator_from_middleware(SessionMiddleware), name="dispatch")


def open_door(*throttles: str, error_key: str = "error") -> Callable[[type[View]], type[View]]:
    """No sign-in needed, and none looked at: a stale token must not bar the way to signing in."""

    def decorate(view: type[View]) -> type[View]:
        view.authentication_classes = []
        view.permission_classes = view.__dict__.get("permission_classes", [AllowAny])
        view.throttle_classes = [CountedThrottle] if throttles else []
        view.throttles = throttles  # type: ignore[attr-defined]
        view.error_key = error_key  # type: ignore[attr-defined]
        return view

    return decorate


def signed_in(request: Request) -> tuple[User, LoginActivity | None]:
    """Who is calling, and the session it is from (None where a test has forced the user)."""
    assert isinstance(request.user, User)  # noqa: S101  (IsAuthenticated has seen to it)
    return request.user, request.auth if isinstance(request.auth, LoginActivity) else None


def read(serializer: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """The validated body. Raises ValidationError (400 with details)."""
    filled = serializer(data=data)
    filled.is_valid(raise_exception=True)
    return dict(filled.validated_data)


@schema.forgot_password
@open_door("codes", "mail")
class ForgotResetPassword(APIView):
    """Ask for a reset code, or set a new password with one."""

    @staticmethod
    def asks_for_mail(data: Any) -> bool:
        return not PasswordResetRequest.is_reset(data)

    def post(self, request: Request) -> Response:
        body = read(PasswordResetRequest, request.data)
        if "new_password" in body:
            body.pop("confirm_password")
            password_reset.confirm(**body, client=client_of(request._request))
            return Response({"message": "Password reset successfully"})
        code = password_reset.request_code(email=body["email"])
        answer = {"message": "OTP sent successfully"}
        if settings.OTP_IN_RESPONSE and code is not None:
            answer["otp"] = otp.digits(code)
        return Response(answer)


@schema.resend_code
@open_door("codes", "mail", error_key="message")
class Resend_OTP(APIView):  # noqa: N801  (the seed's name)
    """Send a new reset code in place of the last one."""

    @staticmethod
    def asks_for_mail(data: Any) -> bool:
        return True

    def post(self, request: Request) -> Response:
        password_reset.request_code(**read(EmailRequest, request.data))
        return Response({"message": "OTP Resend successfully"})


@schema.generate_code
@open_door("codes", "mail", error_key="message")
class SendAndVerifyOTP(APIView):
    """Send a validation code; with `otp`, verify it as `Email-Validation/` does."""

    @staticmethod
    def asks_for_mail(data: Any) -> bool:
        return not CodeRequest.is_verification(data)

    def post(self, request: Request) -> Response:
        if CodeRequest.is_verification(request.data):
            self.error_key = "error"
            return validate_email(request)
        email_verification.send_code(**read(EmailRequest, request.data))
        return Response({"message": "OTP Generate successfully"})


@schema.validate_email
@open_door("codes")
class ValidateEmail(APIView):
    """Mark an address as verified with the code sent to it."""

    def post(self, request: Request) -> Response:
        return validate_email(request)


def validate_email(request: Request) -> Response:
    body = read(EmailValidationRequest, request.data)
    email_verification.confirm(email=body["email"], otp_entered=body["otp"])
    return Response({"message": "Email validated successfully"})


@schema.account_locked
@with_django_session
@open_door("sign_in")
class AccountLocked(APIView):
    """Sign in with a Django session, and be told how many attempts remain."""

    permission_classes = [NotCrossSite]

    def post(self, request: Request) -> Response:
        body = read(AccountLockedRequest, request.data)
        session = login.sign_in_with_count(
            email=body["email"], password=body["Password"], client=client_of(request._request)
        )
        browser = request._request.session
        sessions.end(browser.get(sessions.ACTIVITY_ID), at=session.created_at)  # whoever sat there before
        browser.flush()
        auth.login(request._request, session.user)
        browser[sessions.ACTIVITY_ID] = session.pk
        return Response({"message": "Login successful"})


@schema.unblock
@open_door("codes")
class UnblockUser(APIView):
    """Lift the block of too many reset codes, once its time has passed."""

    def post(self, request: Request) -> Response:
        unblocking.unblock(**read(EmailRequest, request.data))
        return Response({"message": "User unblocked successfully"})


@schema.user_details
class UpdateUser(APIView):
    """Read and change a user's details."""

    counts_changes = True  # the rule does (journeys/profile.py); the document says so

    def get(self, request: Request, user_id: int) -> Response:
        return Response(UserDetails(profile.find(user_id=user_id, viewer=signed_in(request)[0])).data)

    def put(self, request: Request, user_id: int) -> Response:
        return update_user(request, user_id)

    post = patch = put


@schema.user_or_application
class UpdateAPIView(APIView):
    """Change a user's details, or an application's."""

    counts_changes = True

    def put(self, request: Request) -> Response:
        target = read(Target, request.data)
        user_id, application_id = target.get("user_id"), target.get("application_id")
        if user_id is not None and application_id is not None:
            raise TwoTargets
        if user_id is not None:
            return update_user(request, user_id)
        if application_id is not None:
            return update_application(request, application_id)
        raise TargetRequired

    post = patch = put


def update_user(request: Request, user_id: int) -> Response:
    viewer, session = signed_in(request)
    user = profile.find(user_id=user_id, viewer=viewer, to_change=True)
    serializer = UserDetails(user, data=request.data)
    serializer.is_valid(raise_exception=True)
    profile.update(
        user=user,
        changes=serializer.validated_data,
        session=session,
        current_password=read(CurrentPassword, request.data).get("current_password"),
        client=client_of(request._request),
    )
    return Response({"message": "User details updated successfully"})


def update_application(request: Request, application_id: int) -> Response:
    application = application_details.find(application_id=application_id, user=request.user)
    serializer = ApplicationDetails(application, data=request.data)
    serializer.is_valid(raise_exception=True)
    application_details.update(application=application, changes=serializer.validated_data, user=request.user)
    return Response({"message": "Application details updated successfully"})


@schema.login
@open_door("sign_in", error_key="detail")
class LoginView(APIView):
    """Sign in; the tokens belong to one session of the activity log."""

    def post(self, request: Request) -> Response:
        session = login.sign_in(**read(LoginRequest, request.data), client=client_of(request._request))
        return Response(vars(sessions.tokens_of(session)))


@schema.refresh
@open_door(error_key="detail")
class RefreshView(APIView):
    """Exchange a refresh token for its successor."""

    def post(self, request: Request) -> Response:
        body = read(RefreshRequest, request.data)
        return Response(vars(sessions.rotate(body["refresh_token"], at=now())))


@schema.user_activity
class UserLoginActivityView(APIView):
    """A user's details with the log of sign-ins, newest first."""

    def get(self, request: Request) -> Response:
        query = read(ActivityQuery, request.query_params)
        found = activity.read(**query, viewer=signed_in(request)[0])
        response = Response(UserActivity(found.as_body).data)
        if found.next_before is not None:
            link = urlencode({**query, "before": found.next_before})
            response["Link"] = f'<{request.build_absolute_uri(request.path)}?{link}>; rel="next"'
        return response


@schema.logout
@with_django_session
@open_door()
class LogoutView(APIView):
    """End the session of the bearer token, or of the Django session cookie."""

    def post(self, request: Request) -> Response:
        django_session, at = request._request.session, now()
        bearers, cookies = self._bearers(request, at), django_session.get(sessions.ACTIVITY_ID)
        if bearers is not None:
            login.sign_out(session_id=bearers, beside=cookies, at=at)
        elif cookies is not None:
            login.sign_out(session_id=cookies, at=at)
        else:
            self._sign_out_without_row(request, at)
        django_session.flush()
        return Response({"detail": "Logout successful."})

    def _bearers(self, request: Request, at: datetime) -> int | None:
        try:
            token = bearer_token(request)
            return None if token is None else sessions.session_id_of(token, at=at)
        except (AuthenticationFailed, TokenInvalid):
            raise UserIsNotAuthenticated from None

    def _sign_out_without_row(self, request: Request, at: datetime) -> None:
        user = auth.get_user(request._request)
        if not isinstance(user, User):
            raise UserIsNotAuthenticated
        login.log_sign_out(user=user, client=client_of(request._request), at=at)
