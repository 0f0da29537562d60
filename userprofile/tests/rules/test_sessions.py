"""Sessions and their tokens: what is signed, what is believed, what ends them, which keys count."""

import base64
import json
import os
import runpy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from config import keys
from userprofile.clock import now
from userprofile.exceptions import TokenInvalid
from userprofile.mechanisms import accounts, sessions
from userprofile.models import LoginActivity, User

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
EPOCH = int(START.timestamp())
HOUR = 3600
OTHER_KEY = "another-key-another-key-another-key-another-key"
MISSING = object()


@pytest.fixture(autouse=True)
def frozen(clock: Any) -> Any:
    return clock


@pytest.fixture
def session(user: User) -> LoginActivity:
    at = now()
    return LoginActivity.objects.create(
        user=user,
        email=user.email,
        created_at=at,
        attempt_name="login_success",
        **sessions.lifetimes(signed_in_at=at, at=at),
    )


def sign(claims: dict[str, Any], *, key: str | None = None, algorithm: str = "HS256") -> str:
    """Whatever the claims are: PyJWT's own encode() refuses some of them."""
    payload, chosen = json.dumps(claims).encode(), key or django_settings.JWT_SIGNING_KEY
    return jwt.PyJWS().encode(payload, chosen, algorithm=algorithm)


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def changed(token: str, **claims: Any) -> dict[str, Any]:
    merged = claims_of(token) | claims
    return {name: value for name, value in merged.items() if value is not MISSING}


def is_refused(use: Callable[..., object], token: str | bytes) -> bool:
    try:
        use(token, at=now())
    except TokenInvalid:
        return True
    return False


# --- What a token says ------------------------------------------------------------------------


def test_access_token_names_its_session_and_nothing_about_the_user(session: LoginActivity) -> None:
    assert claims_of(sessions.tokens_of(session).access_token) == {
        "token_type": "access",
        "exp": EPOCH + HOUR,
        "iat": EPOCH,
        "sid": session.pk,
        "aud": "userprofile",
        "iss": "userprofile",
    }


def test_refresh_token_names_its_session_and_its_generation(session: LoginActivity) -> None:
    assert claims_of(sessions.tokens_of(session).refresh_token) == {
        "token_type": "refresh",
        "exp": EPOCH + 7 * 24 * HOUR,
        "iat": EPOCH,
        "sid": session.pk,
        "gen": 0,
        "auth_time": EPOCH,
        "aud": "userprofile",
        "iss": "userprofile",
    }


def test_tokens_of_a_session_are_the_same_each_time(session: LoginActivity) -> None:
    first = sessions.tokens_of(session)
    session.refresh_from_db()
    assert sessions.tokens_of(session) == first


def test_tokens_are_signed_with_hs256(session: LoginActivity) -> None:
    for token in vars(sessions.tokens_of(session)).values():
        assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}


def test_row_without_lifetimes_has_no_tokens(user: User) -> None:
    row = LoginActivity.objects.create(user=user, email=user.email, attempt_name="login_success")
    with pytest.raises(TokenInvalid):
        sessions.tokens_of(row)


# --- Who is believed --------------------------------------------------------------------------


def test_access_token_brings_session_and_user_in_one_statement(user: User, session: LoginActivity) -> None:
    token = sessions.tokens_of(session).access_token
    with CaptureQueriesContext(connection) as statements:
        found = sessions.authenticate(token, at=now())
        assert (found, found.user) == (session, user)
    assert len(statements) == 1


NO_SESSIONS: list[Any] = [
    MISSING,
    None,
    "1",
    "",
    True,
    1.0,
    1.5,
    -1,
    0,
    2**31,
    2**35,
    2**35 + 1,
    2**63,
    2**64,
    10**400,
    [1],
    {"a": 1},
]
NO_TIMES: list[Any] = [MISSING, None, "soon", True, EPOCH + 60.5, [], {}, 0, -1, -(10**400), EPOCH - 1, EPOCH]
WRONG_CLAIMS: list[tuple[str, list[Any]]] = [
    ("sid", NO_SESSIONS),
    ("exp", NO_TIMES),
    ("iss", [MISSING, "somebody", None, 1, ["userprofile"], {}, ""]),
    ("aud", [MISSING, "somebody", None, 1, {}, "", ["somebody"], [1]]),
    ("sub", [1, [], {}]),
    ("jti", [1, [], {}]),
    ("token_type", [MISSING, None, "refresh", "Access", "", 1, ["access"], True]),
]
WRONG_IN_REFRESH: list[tuple[str, list[Any]]] = [
    *[(name, values) for name, values in WRONG_CLAIMS if name != "token_type"],
    ("token_type", [MISSING, None, "access", "Refresh", "", 1, ["refresh"]]),
    ("gen", [MISSING, None, "0", True, False, 0.0, -1, 1, 2**31, 2**35 + 1, 2**63, 10**400, []]),
    ("auth_time", [MISSING, None, "0", True, 1.5, -1, 2**35 + 1, 2**63, 10**400, []]),
]


@pytest.mark.parametrize(("name", "values"), WRONG_CLAIMS, ids=[name for name, _ in WRONG_CLAIMS])
def test_access_token_with_a_wrong_claim_is_refused(
    name: str, values: list[Any], session: LoginActivity
) -> None:
    token = sessions.tokens_of(session).access_token
    for value in values:
        assert is_refused(sessions.authenticate, sign(changed(token, **{name: value}))), value
    assert not is_refused(sessions.authenticate, sign(changed(token)))


@pytest.mark.parametrize(("name", "values"), WRONG_IN_REFRESH, ids=[name for name, _ in WRONG_IN_REFRESH])
def test_refresh_token_with_a_wrong_claim_is_refused(
    name: str, values: list[Any], session: LoginActivity
) -> None:
    token = sessions.tokens_of(session).refresh_token
    for value in values:
        assert is_refused(sessions.rotate, sign(changed(token, **{name: value}))), value
    session.refresh_from_db()
    assert (session.refresh_count, session.logout_time) == (0, None)
    assert not is_refused(sessions.rotate, sign(changed(token)))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_absurd_time_is_no_fault(name: str, session: LoginActivity, api: APIClient) -> None:
    """Only what we have signed comes this far, and until when it lives its row knows as well."""
    tokens = sessions.tokens_of(session)
    for value in (2**31, 2**53, 2**63, 10**18, 10**30, 10**400):
        access, refresh = (sign(changed(token, **{name: value})) for token in vars(tokens).values())
        headers = {"authorization": f"Bearer {access}"}
        assert api.get("/userprofile/user-activity/?email=a@b.co", headers=headers).status_code in (401, 404)
        assert api.post("/userprofile/token/refresh/", {"refresh_token": refresh}).status_code in (200, 401)


def test_token_of_a_node_whose_clock_is_ahead_is_believed(session: LoginActivity) -> None:
    token = sessions.tokens_of(session).access_token
    assert not is_refused(sessions.authenticate, sign(changed(token, iat=EPOCH + 5)))


@pytest.mark.parametrize(("name", "values"), WRONG_CLAIMS, ids=[name for name, _ in WRONG_CLAIMS])
def test_wrong_claim_is_a_401_over_http_and_never_a_500(
    name: str, values: list[Any], session: LoginActivity, api: APIClient
) -> None:
    refused = {"detail": "Token is invalid or expired"}
    tokens = sessions.tokens_of(session)
    for value in values:
        access, refresh = (sign(changed(token, **{name: value})) for token in vars(tokens).values())
        if name == "token_type":
            refresh = tokens.access_token
        headers = {"authorization": f"Bearer {access}"}
        response = api.get("/userprofile/user-activity/?email=kim@example.com", headers=headers)
        assert (response.status_code, response.json()) == (401, refused), value
        response = api.post("/userprofile/logout/", headers=headers)
        assert (response.status_code, response.json()) == (401, {"error": "User is not authenticated."}), (
            value
        )
        response = api.post("/userprofile/token/refresh/", {"refresh_token": refresh})
        assert (response.status_code, response.json()) == (401, refused), value


def encoded(part: dict[str, Any] | bytes) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def without_signature(token: str, header: dict[str, Any] | bytes) -> str:
    return f"{encoded(header)}.{token.split('.')[1]}."


def test_token_of_another_key_or_algorithm_is_refused(session: LoginActivity) -> None:
    for use, token in _uses(session):
        claims, signature = claims_of(token), token.split(".")[2]
        for forged in (
            sign(claims, key=OTHER_KEY),
            sign(claims, algorithm="HS384"),
            sign(claims, algorithm="HS512"),
            jwt.encode(claims, None, algorithm="none"),
            without_signature(token, {"alg": "none"}),
            without_signature(token, {"alg": "None", "typ": "JWT"}),
            without_signature(token, {"alg": "HS256"}),
            without_signature(token, {"alg": ["HS256"]}),
            without_signature(token, {"alg": None}),
            without_signature(token, {}),
            without_signature(token, b"[" * 4000),
            without_signature(token, b"null"),
            without_signature(token, b"\xff\xfe"),
            f"{encoded({'alg': 'RS256'})}.{token.split('.')[1]}.{signature}",
            f"{encoded({'alg': 'HS256', 'kid': '../../dev/null'})}.{token.split('.')[1]}.{signature}",
            f"{encoded({'alg': 'HS256', 'b64': False, 'crit': ['b64']})}.{token.split('.')[1]}.{signature}",
        ):
            assert is_refused(use, forged), forged[:80]


def _uses(session: LoginActivity) -> list[tuple[Callable[..., object], str]]:
    tokens = sessions.tokens_of(session)
    return [(sessions.authenticate, tokens.access_token), (sessions.rotate, tokens.refresh_token)]


def test_token_whose_text_was_changed_is_refused(session: LoginActivity) -> None:
    for use, token in _uses(session):
        header, payload, signature = token.split(".")
        other = encoded(claims_of(token) | {"sid": session.pk + 1})
        for forged in (
            f"{header}.{other}.{signature}",
            f"{header}.{payload}.{signature[:-2]}",
            f"{header}.{payload}",
            f"{header}.{payload}.",
            f".{payload}.{signature}",
            f"{token}.{signature}",
            token[1:],
            token.swapcase(),
            "",
            ".",
            "..",
            "\x00",
            "é" * 50,
        ):
            assert is_refused(use, forged), forged


def test_bytes_that_are_no_text_are_no_token(db: None) -> None:
    for raw in (b"", b"\xff\xfe", b"a.b.c", b"\x00.\x00.\x00", b"." * 1000):
        assert is_refused(sessions.authenticate, raw), raw


def test_access_is_no_refresh_and_refresh_is_no_access(session: LoginActivity) -> None:
    tokens = sessions.tokens_of(session)
    assert is_refused(sessions.authenticate, tokens.refresh_token)
    assert is_refused(sessions.rotate, tokens.access_token)


@pytest.mark.parametrize("attempt", ["login_failed", "login_locked", "logout"])
def test_row_that_is_no_sign_in_opens_nothing(attempt: str, session: LoginActivity) -> None:
    uses = _uses(session)
    LoginActivity.objects.filter(pk=session.pk).update(attempt_name=attempt)
    assert [is_refused(use, token) for use, token in uses] == [True, True]


def test_deleted_user_takes_the_session_along(user: User, session: LoginActivity) -> None:
    uses = _uses(session)
    user.delete()
    assert [is_refused(use, token) for use, token in uses] == [True, True]
    assert LoginActivity.objects.get(pk=session.pk).email == "kim@example.com"


def test_a_token_is_judged_by_the_moment_of_its_request(session: LoginActivity, clock: Any) -> None:
    """A request that began in time and waited for a row's lock is still in time."""
    assert session.refresh_expires_at is not None
    at = session.refresh_expires_at - timedelta(seconds=1)
    token = sessions.tokens_of(session).refresh_token
    clock.move_to(session.refresh_expires_at + timedelta(seconds=1))
    assert sessions.rotate(token, at=at).access_token


# --- What ends a session ----------------------------------------------------------------------


def by_deactivation(user: User) -> None:
    user.is_active = False
    user.save()


def by_deactivation_past_the_model(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def by_a_password_set_by_an_admin(user: User) -> None:
    user.set_password("Amber-Fjord8")
    user.save()


def by_end_all(user: User) -> None:
    taken = accounts.take(user)
    assert isinstance(taken, User)
    sessions.end_all(taken, at=now())


@pytest.mark.parametrize(
    "end", [by_deactivation, by_deactivation_past_the_model, by_a_password_set_by_an_admin, by_end_all]
)
def test_access_and_refresh_tokens_of_every_session_end_at_once(
    end: Callable[[User], None], user: User, sign_in: Callable[..., Any]
) -> None:
    clients = [sign_in(user) for _ in range(2)]
    end(User.objects.get(pk=user.pk))
    for client in clients:
        assert client.get(f"/userprofile/User_update/{user.pk}/").status_code == 401
        assert is_refused(sessions.rotate, client.tokens["refresh_token"])


def test_a_deactivated_users_session_is_not_another_users(
    user: User, session: LoginActivity, make_user: Callable[..., User]
) -> None:
    uses = _uses(session)
    make_user("lee@example.com")
    by_deactivation_past_the_model(user)
    assert [is_refused(use, token) for use, token in uses] == [True, True]


def test_reset_ends_every_session_at_once(
    user: User, api: APIClient, sign_in: Callable[..., Any], code_of: Callable[..., str], new_password: str
) -> None:
    clients = [sign_in(user) for _ in range(2)]
    api.post("/userprofile/forget_password/", {"email": user.email})
    body = {"email": user.email, "otp_entered": code_of(user)}
    passwords = {"new_password": new_password, "confirm_password": new_password}
    assert api.post("/userprofile/forget_password/", body | passwords).status_code == 200
    for client in clients:
        assert client.get(f"/userprofile/User_update/{user.pk}/").status_code == 401
        assert is_refused(sessions.rotate, client.tokens["refresh_token"])


def test_saving_other_columns_ends_nothing(user: User, sign_in: Callable[..., Any]) -> None:
    client = sign_in(user)
    fresh = User.objects.get(pk=user.pk)
    fresh.first_name = "Kim"
    fresh.save()
    assert client.get(f"/userprofile/User_update/{user.pk}/").status_code == 200


def test_reactivation_revives_no_session(user: User, sign_in: Callable[..., Any]) -> None:
    client = sign_in(user)
    by_deactivation(User.objects.get(pk=user.pk))
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert client.get(f"/userprofile/User_update/{user.pk}/").status_code == 401


def test_end_all_says_how_many_it_ended(user: User, make_user: Callable[..., User], session: Any) -> None:
    other = make_user("lee@example.com")
    LoginActivity.objects.create(user=other, email=other.email, attempt_name="login_success")
    assert sessions.end_all(user, at=now()) == 1
    assert sessions.end_all(user, at=now()) == 0
    assert LoginActivity.objects.filter(logout_time=None).count() == 1


def test_newest_open_is_the_newest_that_is_open(user: User, session: LoginActivity, frozen: Any) -> None:
    def add() -> LoginActivity:
        lives = sessions.lifetimes(signed_in_at=now(), at=now())
        return LoginActivity.objects.create(user=user, email="", attempt_name="login_success", **lives)

    newer = add()
    assert sessions.newest_open(user, at=now()) == newer
    LoginActivity.objects.filter(pk=newer.pk).end_open(at=now())
    assert sessions.newest_open(user, at=now()) == session
    frozen.shift(django_settings.REFRESH_TOKEN_LIFETIME)
    assert sessions.newest_open(user, at=now()) is None


# --- Lifetimes --------------------------------------------------------------------------------


def test_lifetimes_end_with_the_session(settings: Settings) -> None:
    late = START + settings.SESSION_LIFETIME - timedelta(seconds=5)
    end = START + settings.SESSION_LIFETIME
    assert sessions.lifetimes(signed_in_at=START, at=late) == {
        "refreshed_at": late,
        "access_expires_at": end,
        "refresh_expires_at": end,
    }


def test_lifetimes_are_those_of_the_settings(settings: Settings) -> None:
    settings.ACCESS_TOKEN_LIFETIME = timedelta(seconds=11)
    settings.REFRESH_TOKEN_LIFETIME = timedelta(seconds=13)
    assert sessions.lifetimes(signed_in_at=START, at=START) == {
        "refreshed_at": START,
        "access_expires_at": START + timedelta(seconds=11),
        "refresh_expires_at": START + timedelta(seconds=13),
    }


# --- Keys -------------------------------------------------------------------------------------


def rotate_keys(settings: Settings, *, keeps_the_old_one: bool) -> None:
    old = settings.JWT_SIGNING_KEY
    settings.JWT_SIGNING_KEY = OTHER_KEY
    settings.JWT_VERIFYING_KEYS = [OTHER_KEY, old] if keeps_the_old_one else [OTHER_KEY]


def test_tokens_of_a_former_key_stay_valid_while_it_is_a_fallback(
    session: LoginActivity, settings: Settings
) -> None:
    tokens = sessions.tokens_of(session)
    rotate_keys(settings, keeps_the_old_one=True)
    assert not is_refused(sessions.authenticate, tokens.access_token)
    successor = sessions.rotate(tokens.refresh_token, at=now())
    jwt.decode(successor.access_token, OTHER_KEY, algorithms=["HS256"], audience="userprofile")
    assert not is_refused(sessions.authenticate, successor.access_token)


def test_tokens_of_a_dropped_key_are_refused(session: LoginActivity, settings: Settings) -> None:
    uses = _uses(session)
    rotate_keys(settings, keeps_the_old_one=False)
    assert [is_refused(use, token) for use, token in uses] == [True, True]


def test_expired_token_of_a_former_key_is_refused(
    session: LoginActivity, settings: Settings, frozen: Any
) -> None:
    token = sessions.tokens_of(session).access_token
    rotate_keys(settings, keeps_the_old_one=True)
    frozen.shift(settings.ACCESS_TOKEN_LIFETIME)
    assert is_refused(sessions.authenticate, token)


def read_settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    for name in ("JWT_SIGNING_KEY", "JWT_SIGNING_KEY_FALLBACKS", "SECRET_KEY_FALLBACKS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"ENV_FILE": os.devnull, **variables}.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(django_settings.BASE_DIR / "config" / "settings.py"))


NEW, OLD, OLDER = ("n" * 50, "o" * 50, "p" * 50)
OWN, FORMER_OWN = ("j" * 32, "k" * 32)


def test_signing_key_is_derived_from_the_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_settings(monkeypatch, SECRET_KEY=NEW)
    assert found["JWT_SIGNING_KEY"] == keys.derive("jwt", NEW).hex()
    assert found["JWT_VERIFYING_KEYS"] == [found["JWT_SIGNING_KEY"]]
    assert NEW not in found["JWT_SIGNING_KEY"]


def test_former_secret_keys_still_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_settings(monkeypatch, SECRET_KEY=OLD)
    after = read_settings(monkeypatch, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=f"{OLD}, {OLDER}")
    assert after["JWT_SIGNING_KEY"] != before["JWT_SIGNING_KEY"]
    assert after["JWT_VERIFYING_KEYS"] == [
        after["JWT_SIGNING_KEY"],
        before["JWT_SIGNING_KEY"],
        keys.derive("jwt", OLDER).hex(),
    ]


def test_key_of_its_own_signs_and_blank_fallbacks_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_settings(monkeypatch, SECRET_KEY=NEW, JWT_SIGNING_KEY=OWN, SECRET_KEY_FALLBACKS=" , ,")
    assert (found["JWT_SIGNING_KEY"], found["JWT_VERIFYING_KEYS"]) == (OWN, [OWN])


def test_who_knows_a_secret_key_forges_no_token_where_another_key_signs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = read_settings(monkeypatch, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD, JWT_SIGNING_KEY=OWN)
    assert found["JWT_VERIFYING_KEYS"] == [OWN]


def test_former_signing_keys_still_verify_and_never_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_settings(
        monkeypatch, SECRET_KEY=NEW, JWT_SIGNING_KEY=OWN, JWT_SIGNING_KEY_FALLBACKS=FORMER_OWN
    )
    assert (found["JWT_SIGNING_KEY"], found["JWT_VERIFYING_KEYS"]) == (OWN, [OWN, FORMER_OWN])


def test_first_signing_key_of_its_own_can_overlap_with_the_derived_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    former = read_settings(monkeypatch, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD)
    found = read_settings(
        monkeypatch,
        SECRET_KEY=NEW,
        SECRET_KEY_FALLBACKS=OLD,
        JWT_SIGNING_KEY=OWN,
        JWT_SIGNING_KEY_FALLBACKS=f"{FORMER_OWN},derived",
    )
    assert found["JWT_VERIFYING_KEYS"] == [OWN, FORMER_OWN, *former["JWT_VERIFYING_KEYS"]]


def test_signing_key_of_its_own_can_be_given_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_settings(monkeypatch, SECRET_KEY=NEW, JWT_SIGNING_KEY_FALLBACKS=OWN)
    derived = keys.derive("jwt", NEW).hex()
    assert (found["JWT_SIGNING_KEY"], found["JWT_VERIFYING_KEYS"]) == (derived, [derived, OWN])


def test_simplejwt_is_told_the_same(settings: Settings) -> None:
    told = settings.SIMPLE_JWT
    assert told["SIGNING_KEY"] == settings.JWT_SIGNING_KEY
    assert told["ACCESS_TOKEN_LIFETIME"] == settings.ACCESS_TOKEN_LIFETIME
    assert told["REFRESH_TOKEN_LIFETIME"] == settings.REFRESH_TOKEN_LIFETIME
