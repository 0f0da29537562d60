"""Tokens of every wrong kind, as a bearer's and as a refresh token."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
from django.conf import settings

from userprofile.tests.api.doors import LOGOUT, REFRESH, USER_UPDATE
from userprofile.tests.hostile.population import AT, DEACTIVATED, DELETED, KIM, SIGNED_OUT, tokens
from userprofile.tests.hostile.table import Hostile, get, send

HEADER = {"alg": "HS256", "typ": "JWT"}
ACCESS: dict[str, Any] = jwt.decode(tokens(KIM).access_token, options={"verify_signature": False})
REFRESHING: dict[str, Any] = jwt.decode(tokens(KIM).refresh_token, options={"verify_signature": False})
KEY = settings.JWT_SIGNING_KEY
NOBODY = KIM - 1
PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(header: str, payload: str, *, key: str = KEY, digest: str = "sha256") -> str:
    """Of parts as they stand, right or not, with a right signature."""
    content = f"{encoded(header.encode())}.{encoded(payload.encode())}"
    return f"{content}.{encoded(hmac.new(key.encode(), content.encode(), digest).digest())}"


def with_header(**changes: Any) -> str:
    return signed(json.dumps({**HEADER, **changes}), json.dumps(ACCESS))


def with_claims(claims: dict[str, Any] = ACCESS, **changes: Any) -> str:
    return signed(json.dumps(HEADER), json.dumps({**claims, **changes}))


def without(claim: str, claims: dict[str, Any] = ACCESS) -> str:
    return signed(json.dumps(HEADER), json.dumps({name: claims[name] for name in claims if name != claim}))


def raw_claim(name: str, value: str) -> str:
    return signed(json.dumps(HEADER), json.dumps({**ACCESS, name: "RAW"}).replace('"RAW"', value))


GOOD = tokens(KIM).access_token
TOP, PAYLOAD, SIGNATURE = GOOD.split(".")
UNSIGNED = signed(json.dumps({**HEADER, "alg": "none"}), json.dumps(ACCESS)).rpartition(".")[0] + "."
WRONG: dict[str, str] = {
    "no algorithm": UNSIGNED,
    "algorithm None": UNSIGNED.replace(
        encoded(json.dumps({**HEADER, "alg": "none"}).encode()), encoded(b'{"alg":"nOnE"}')
    ),
    "no signature": f"{TOP}.{PAYLOAD}.",
    "HS512": signed(json.dumps({**HEADER, "alg": "HS512"}), json.dumps(ACCESS), digest="sha512"),
    "HS384 in name": with_header(alg="HS384"),
    "RS256 in name": with_header(alg="RS256"),
    "a public key as its secret": signed(json.dumps(HEADER), json.dumps(ACCESS), key=PUBLIC_KEY),
    "an empty key": signed(json.dumps(HEADER), json.dumps(ACCESS), key=""),
    "another key": signed(json.dumps(HEADER), json.dumps(ACCESS), key="k" * 64),
    "SECRET_KEY for a key": signed(json.dumps(HEADER), json.dumps(ACCESS), key=settings.SECRET_KEY),
    "an algorithm that is a list": with_header(alg=["HS256"]),
    "an algorithm that is a number": with_header(alg=256),
    "a header that is a list": signed("[]", json.dumps(ACCESS)),
    "a header that is no JSON": signed("{", json.dumps(ACCESS)),
    "a payload that is no JSON": signed(json.dumps(HEADER), "{"),
    "a payload that is a list": signed(json.dumps(HEADER), "[]"),
    "a payload that is null": signed(json.dumps(HEADER), "null"),
    "a payload that is no UTF-8": f"{TOP}.{encoded(bytes([255, 254]))}.{SIGNATURE}",
    "a payload of 1,000 brackets": signed(json.dumps(HEADER), "[" * 1000),
    "a payload of 5,000 digits": signed(json.dumps(HEADER), "9" * 5000),
    "a critical header": with_header(crit=["b64"], b64=False),
    "a critical header that is none": with_header(crit="exp"),
    "a payload apart": signed(json.dumps({**HEADER, "b64": False, "crit": ["b64"]}), ""),
    "five parts": f"{GOOD}.{PAYLOAD}.{SIGNATURE}",
    "two parts": f"{TOP}.{PAYLOAD}",
    "one part": TOP,
    "dots alone": "....",
    "an encrypted token's form": encoded(b'{"alg":"dir","enc":"A256GCM"}') + "..AAAA.AAAA.AAAA",
    "8,000 letters": "x" * 7900,
    "padding": f"{TOP}.{PAYLOAD}.{SIGNATURE}==",
    "standard base64": f"{TOP}.{PAYLOAD}.+/{SIGNATURE[2:]}",
    "another last letter": GOOD[:-2] + ("AA" if GOOD[-2:] != "AA" else "BB"),
    "letters that are no ASCII": "\u0131" + GOOD,
    "quotes": f'"{GOOD}"',
    "SQL": "' OR 1=1 --".replace(" ", "+"),
    "a session key": "abcdefgh12345678abcdefgh12345678",
}
WRONG_CLAIMS: dict[str, str] = {
    **{f"no {claim}": without(claim) for claim in ("sid", "exp", "iss", "aud", "token_type")},
    "nothing claimed": signed(json.dumps(HEADER), "{}"),
    "sid of nobody": with_claims(sid=NOBODY),
    "sid below nought": with_claims(sid=-1),
    "sid beyond 63 bits": with_claims(sid=2**63),
    "sid beyond 64 bits": with_claims(sid=2**64),
    "sid of 4,000 digits": raw_claim("sid", "1" + "0" * 4000),
    "sid of 5,000 digits": raw_claim("sid", "1" + "0" * 5000),
    "sid of a fraction": with_claims(sid=float(KIM)),
    "sid of 1e400": raw_claim("sid", "1e400"),
    "sid of NaN": raw_claim("sid", "NaN"),
    "sid of true": with_claims(sid=True),
    "sid of a text": with_claims(sid=str(KIM)),
    "sid of a list": with_claims(sid=[KIM]),
    "sid of an object": with_claims(sid={"gt": 0}),
    "sid of null": with_claims(sid=None),
    "sid twice": signed(json.dumps(HEADER), json.dumps(ACCESS)[:-1] + f', "sid": {NOBODY}}}'),
    "exp of 1e400": raw_claim("exp", "1e400"),
    "exp of NaN": raw_claim("exp", "NaN"),
    "exp of Infinity": raw_claim("exp", "Infinity"),
    "exp in the past": with_claims(exp=1),
    "exp below nought": with_claims(exp=-(10**20)),
    "exp of a text": with_claims(exp="2999-01-01"),
    "exp of true": with_claims(exp=True),
    "exp of a list": with_claims(exp=[]),
    "iss of another": with_claims(iss="evil.example"),
    "iss of a number": with_claims(iss=1),
    "iss of a list": with_claims(iss=["userprofile"]),
    "aud of another": with_claims(aud="evil.example"),
    "aud of nothing": with_claims(aud=[]),
    "aud of a number": with_claims(aud=1),
    "aud of an object": with_claims(aud={"userprofile": 1}),
    "token_type of another": with_claims(token_type="sliding"),
    "token_type of a list": with_claims(token_type=["access"]),
    "token_type in capitals": with_claims(token_type="ACCESS"),
    "refresh token for access": tokens(KIM).refresh_token,
    "a session that was signed out": tokens(SIGNED_OUT).access_token,
    "a user who was deactivated": tokens(DEACTIVATED).access_token,
    "a user who was deleted": tokens(DELETED).access_token,
}
CREDENTIALS: dict[str, tuple[bytes, int]] = {
    "no token": (b"Bearer", 401),
    "a space for a token": (b"Bearer ", 401),
    "two tokens": (f"Bearer {GOOD} {GOOD}".encode(), 401),
    "a comma": (f"Bearer {GOOD},".encode(), 401),
    "a tab in the token": (f"Bearer {GOOD[:50]}\t{GOOD[50:]}".encode(), 401),
    "another scheme": (f"Token {GOOD}".encode(), 401),
    "the password": (b"Basic a2ltQGV4YW1wbGUuY29tOlZpb2xldC1LaXRlNw==", 401),
    "Digest": (b'Digest username="kim"', 401),
    "no scheme": (GOOD.encode(), 401),
    "bytes": (b"Bearer \xff\xfe\xc0", 401),
    "a line feed in the token": (f"Bearer {GOOD[:50]}\n{GOOD[50:]}".encode(), 400),
    "NUL behind the token": (f"Bearer {GOOD}\x00".encode(), 400),
}


def bearer(credentials: bytes) -> bytes:
    return get(USER_UPDATE.path, b"Authorization: " + credentials)


BEARERS = [
    *(
        Hostile(f"bearer of {name}", bearer(f"Bearer {token}".encode()), 401, key="detail")
        for name, token in (WRONG | WRONG_CLAIMS).items()
    ),
    *(
        Hostile(
            f"authorization with {name}", bearer(value), status, key="detail" if status == 401 else "error"
        )
        for name, (value, status) in CREDENTIALS.items()
    ),
    Hostile(
        "two authorizations", get(USER_UPDATE.path, *[f"Authorization: Bearer {GOOD}"] * 2), 401, key="detail"
    ),
    Hostile("token in the query", get(f"{USER_UPDATE.path}?access_token={GOOD}"), 401, key="detail"),
    Hostile(
        "token in a cookie",
        get(USER_UPDATE.path, f"Cookie: access_token={GOOD}; sessionid={GOOD}"),
        401,
        key="detail",
    ),
    Hostile(
        "signs out with a refresh token",
        send(LOGOUT, "{}", f"Authorization: Bearer {tokens(KIM).refresh_token}"),
        401,
    ),
    Hostile("signs out twice", send(LOGOUT, "{}", f"Authorization: Bearer {'x.y.z'}"), 401),
]
UNREFRESHABLE: dict[str, str] = {
    "access token": GOOD,
    "no gen": without("gen", REFRESHING),
    "no auth_time": without("auth_time", REFRESHING),
    "gen to come": with_claims(REFRESHING, gen=5),
    "gen below nought": with_claims(REFRESHING, gen=-1),
    "gen of true": with_claims(REFRESHING, gen=True),
    "gen beyond 64 bits": with_claims(REFRESHING, gen=2**64),
    "auth_time beyond all years": with_claims(REFRESHING, auth_time=2**60),
    "auth_time of a fraction": with_claims(REFRESHING, auth_time=1.5),
    "auth_time of a text": with_claims(REFRESHING, auth_time="today"),
    "exp that is over": with_claims(REFRESHING, exp=int((AT - timedelta(days=1)).timestamp())),
    "sid of nobody": with_claims(REFRESHING, sid=NOBODY),
    "sid of true": with_claims(REFRESHING, sid=True),
    "session that was signed out": tokens(SIGNED_OUT).refresh_token,
    "user who was deactivated": tokens(DEACTIVATED).refresh_token,
    "user who was deleted": tokens(DELETED).refresh_token,
    "no signature": f"{TOP}.{PAYLOAD}.",
    "no algorithm": UNSIGNED,
    "two dots": "..",
    "letters that are no ASCII": "ключ",
    "white space within": f"{GOOD[:50]} {GOOD[50:]}",
    "4,000 letters": "x" * 4000,
}
REFRESHES = [
    Hostile(
        f"refresh token with {name}", send(REFRESH, json.dumps({"refresh_token": token})), 401, key="detail"
    )
    for name, token in UNREFRESHABLE.items()
]

ROWS = [*BEARERS, *REFRESHES]
