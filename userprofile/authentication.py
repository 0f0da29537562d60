"""Who is calling: a bearer token's session for the API, a guarded backend for Django's own forms."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from config.http.refusals import Refusal
from userprofile.client import client_of
from userprofile.clock import now
from userprofile.exceptions import TokenInvalid
from userprofile.journeys import login
from userprofile.mechanisms import sessions
from userprofile.models import LoginActivity, User


def bearer_token(request: Request) -> bytes | None:
    """The token of `Authorization: Bearer <token>`, None for another scheme. Raises AuthenticationFailed."""
    scheme, *credentials = get_authorization_header(request).split() or [b""]
    if scheme.lower() != b"bearer":
        return None
    if len(credentials) != 1:
        raise AuthenticationFailed("Authorization must be 'Bearer' and one token.", "token_invalid")
    return credentials[0]


class SessionTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`; `request.auth` is the session."""

    def authenticate(self, request: Request) -> tuple[User, LoginActivity] | None:
        token = bearer_token(request)
        if token is None:
            return None
        try:
            session = sessions.authenticate(token, at=now())
        except TokenInvalid as refusal:
            raise AuthenticationFailed(refusal.detail, refusal.default_code) from None
        assert session.user is not None  # noqa: S101  (sessions.authenticate joins an active user)
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="userprofile"'


class GuardedBackend(ModelBackend):
    """`django.contrib.auth.authenticate` by way of the one sign-in: counted, locked and logged."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        email = username or kwargs.get("email")
        if request is None or email is None or password is None:
            return None
        try:
            session = login.sign_in(email=email, password=password, client=client_of(request))
        except Refusal:
            raise PermissionDenied from None
        return session.user
