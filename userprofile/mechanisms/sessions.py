"""Sessions: a LoginActivity row and the JSON Web Tokens that belong to it.

Tokens carry the row's id (`sid`) and a refresh token the number of its generation (`gen`), so
ending the row ends them all at once, on every process. Tokens are derived from the row and stored
nowhere. Every conditional UPDATE below filters by columns of its own table and by EXISTS: through
a relation PostgreSQL would not test the condition again after waiting for a lock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import Token

from userprofile.exceptions import TokenInvalid
from userprofile.models import LoginActivity, User

ACTIVITY_ID = "activity_id"  # in a Django session: the row of the activity log that it belongs to
LARGEST_CLAIM = 2**35  # ids and generations stay below it, and so do times until the year 3058


@dataclass(frozen=True, kw_only=True)
class Tokens:
    access_token: str
    refresh_token: str


class KeyRing(TokenBackend):
    """Signs with the first key and accepts each: a key can be rotated without ending sessions.

    `exp` is judged by `_claims`, with the one `at` of its request. `iat` is not judged: a token that
    another node, whose clock is ahead, has signed a moment ago is no forgery.
    """

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        claims: Any = {"audience": self.audience, "issuer": self.issuer}
        options: Any = {"verify_exp": False, "verify_iat": False}
        for key in settings.JWT_VERIFYING_KEYS:
            try:
                return jwt.decode(token, key, algorithms=[self.algorithm], options=options, **claims)
            except jwt.InvalidTokenError:
                continue
        raise TokenBackendError


def _backend(kind: type[TokenBackend], key: str | None = None) -> TokenBackend:
    jwt: dict[str, Any] = settings.SIMPLE_JWT
    return kind(jwt["ALGORITHM"], key, audience=jwt["AUDIENCE"], issuer=jwt["ISSUER"])


class SessionToken(Token):
    """A simplejwt token of ours: whole-number claims, and no `jti`, since `sid` and `gen` say it."""

    claims: tuple[str, ...] = ("sid",)

    def get_token_backend(self) -> TokenBackend:
        return _backend(KeyRing)

    def verify(self) -> None:
        self.verify_token_type()
        for claim in (*self.claims, "exp"):
            number = self.payload.get(claim)
            if type(number) is not int or number not in range(LARGEST_CLAIM):
                raise TokenError


class AccessToken(SessionToken):
    token_type = "access"  # noqa: S105  (a kind, not a secret)
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(SessionToken):
    token_type = "refresh"  # noqa: S105
    lifetime = settings.REFRESH_TOKEN_LIFETIME
    claims = ("sid", "gen", "auth_time")


def lifetimes(*, signed_in_at: datetime, at: datetime) -> dict[str, datetime]:
    """The columns that say until when tokens issued at `at` live; a session's end is absolute."""
    end = signed_in_at + settings.SESSION_LIFETIME
    return {
        "refreshed_at": at,
        "access_expires_at": min(at + settings.ACCESS_TOKEN_LIFETIME, end),
        "refresh_expires_at": min(at + settings.REFRESH_TOKEN_LIFETIME, end),
    }


def tokens_of(session: LoginActivity) -> Tokens:
    """The session's current tokens, byte for byte the same each time."""
    issued = {"iat": _epoch(session.refreshed_at), "sid": session.pk}
    backend = _backend(TokenBackend, settings.JWT_SIGNING_KEY)
    access = {"token_type": "access", "exp": _epoch(session.access_expires_at), **issued}
    refresh = {
        "token_type": "refresh",
        "exp": _epoch(session.refresh_expires_at),
        **issued,
        "gen": session.refresh_count,
        "auth_time": _epoch(session.created_at),
    }
    return Tokens(access_token=backend.encode(access), refresh_token=backend.encode(refresh))


def authenticate(raw_token: str | bytes, *, at: datetime) -> LoginActivity:
    """The open session of an access token, with its user, in one statement. Raises TokenInvalid."""
    claims = _claims(AccessToken, raw_token, at=at)
    session = (
        LoginActivity.objects.open(at=at)
        .select_related("user")
        .filter(pk=claims["sid"], user__is_active=True)
        .first()
    )
    if session is None:
        raise TokenInvalid
    return session


def session_id_of(raw_token: str | bytes, *, at: datetime) -> int:
    """The row an access token belongs to, which may have ended. Raises TokenInvalid."""
    return int(_claims(AccessToken, raw_token, at=at)["sid"])


def rotate(raw_token: str, *, at: datetime) -> Tokens:
    """Exchange a refresh token for its one successor. Raises TokenInvalid.

    A retry of the last token within REFRESH_GRACE gets that same successor again; any other reuse
    means that two parties hold the token, and ends the session.
    """
    claims = _claims(RefreshToken, raw_token, at=at)
    signed_in_at = datetime.fromtimestamp(claims["auth_time"], tz=UTC)
    columns = {"refresh_count": claims["gen"] + 1, **lifetimes(signed_in_at=signed_in_at, at=at)}
    current = _open_session(claims["sid"], at=at).filter(refresh_count=claims["gen"])
    if current.update(**columns):
        return tokens_of(LoginActivity(pk=claims["sid"], created_at=signed_in_at, **columns))
    return _retry(claims, at=at)


def _retry(claims: dict[str, Any], *, at: datetime) -> Tokens:
    session = _open_session(claims["sid"], at=at).first()
    if session is None or session.refreshed_at is None:
        raise TokenInvalid
    is_last = session.refresh_count == claims["gen"] + 1
    if is_last and at - session.refreshed_at < settings.REFRESH_GRACE:
        return tokens_of(session)
    if session.refresh_count > claims["gen"]:
        end(session.pk, at=at)
    raise TokenInvalid


def _open_session(session_id: int, *, at: datetime) -> QuerySet[LoginActivity]:
    active_user = User.objects.filter(pk=OuterRef("user_id"), is_active=True)
    return LoginActivity.objects.open(at=at).filter(Exists(active_user), pk=session_id)


def end_all(user: User, *, at: datetime) -> int:
    """End every session of the user, Django's own included; how many had tokens.

    For a user whose row the caller has taken (accounts.take), as the lock order demands.
    """
    User.objects.filter(pk=user.pk).update(sessions_ended_at=at)
    return LoginActivity.objects.filter(user_id=user.pk).end_open(at=at)


def end(session_id: int | None, *, at: datetime) -> None:
    """End one session, if there is one and it is open."""
    if session_id is not None:
        LoginActivity.objects.filter(pk=session_id).end_open(at=at)


def newest_open(user: User, *, at: datetime) -> LoginActivity | None:
    return LoginActivity.objects.open(at=at).filter(user_id=user.pk).order_by("-id").first()


def _claims(kind: type[SessionToken], raw_token: str | bytes, *, at: datetime) -> dict[str, Any]:
    try:
        claims = dict(kind(raw_token).payload)  # type: ignore[arg-type]
    except (TokenError, ValueError):
        raise TokenInvalid from None
    if claims["exp"] <= at.timestamp():
        raise TokenInvalid
    return claims


def _epoch(moment: datetime | None) -> int:
    if moment is None:
        raise TokenInvalid
    return int(moment.timestamp())
