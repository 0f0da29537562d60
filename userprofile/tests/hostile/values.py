"""Values that no field may take: a selection, since api/hostile.py has them all for every field."""

import json
from typing import Any

from userprofile.tests.api.doors import (
    ACCOUNT_LOCKED,
    APPLICATION_UPDATE,
    EMAIL,
    FORGET_PASSWORD,
    GENERATE,
    ID,
    LOGIN,
    OPEN_DOORS,
    REFRESH,
    RESEND,
    UNBLOCK,
    USER_AND_APP,
    USER_UPDATE,
    VALIDATE,
    Door,
)
from userprofile.tests.hostile.population import KIM, tokens
from userprofile.tests.hostile.table import Hostile, send

SIGNED_IN = f"Authorization: Bearer {tokens(KIM).access_token}"
# What json.dumps would not write: numbers as they stand.
RAW: dict[str, str] = {
    "1e400": "1e400",
    "-1e400": "-1e400",
    "10**4000": "1" + "0" * 4000,
    "0.1 in 4,000 digits": "0." + "1" * 4000,
    "-0.0": "-0.0",
    "1E-400": "1E-400",
}
EVERY_TYPE: dict[str, Any] = {
    "null": None,
    "true": True,
    "a whole number": 123456,
    "a fraction": 1.5,
    "a list": ["kim@example.com"],
    "an object": {"$ne": ""},
    "a list of lists": [[[]]],
    "NUL": "a\x00b",
    "a lone surrogate": "\ud800",
    "surrogates the wrong way round": "\udfff\ud800",
    "a bell": "a\x07b",
    "U+FFFD": "a\ufffdb",
    "20,000 letters": "x" * 20_000,
}


def row(name: str, door: Door, field: str, value: Any, *, raw: str = "") -> Hostile:
    body = json.dumps({**door.body, field: value})
    body = body.replace('"RAW"', raw) if raw else body
    given = () if door.is_open else (SIGNED_IN,)
    method = "POST" if door.is_open else "PUT"
    return Hostile(
        f"{door.name}: {field} is {name}",
        send(door, body, *given, method=method),
        400,
        key=door.error_key,
        field=field,
    )


FIRST_FIELDS = (
    (FORGET_PASSWORD, "otp_entered"),
    (RESEND, "email"),
    (GENERATE, "otp"),
    (VALIDATE, "otp"),
    (ACCOUNT_LOCKED, "Password"),
    (UNBLOCK, "email"),
    (LOGIN, "password"),
    (REFRESH, "refresh_token"),
    (USER_UPDATE, "username"),
    (APPLICATION_UPDATE, "secret_key"),
)
MAY_BE_NULL = (FORGET_PASSWORD, GENERATE, APPLICATION_UPDATE)  # null is "not given" there
TYPES = [
    row(name, door, field, value)
    for door, field in FIRST_FIELDS
    for name, value in EVERY_TYPE.items()
    if value is not None or door not in MAY_BE_NULL
]
NUMBERS = [
    row(name, door, field, "RAW", raw=raw)
    for door, field in ((LOGIN, "email"), (VALIDATE, "otp"), (APPLICATION_UPDATE, "default_status_id"))
    for name, raw in RAW.items()
]
NO_ADDRESSES = {
    "without an at sign": "kim",
    "an at sign": "@",
    "with two at signs": "a@b@example.com",
    "with a full-width at sign too many": "a＠b@example.com",
    "with a zero-width space": "k\u200bim@example.com",
    "with a zero-width joiner": "k\u200dim@example.com",
    "with a soft hyphen": "k\u00adim@example.com",
    "with a right-to-left override": "\u202ekim@example.com",
    "with a byte order mark": "\ufeffkim@example.com",
    "with a non-breaking space": "kim\u00a0lee@example.com",
    "with CR and LF": "kim@example.com\r\nBcc: lou@example.com",
    "with a line feed at its end": "kim@example.com\n",
    "with a percent NUL that is real": "kim@example.com\x00.evil.example",
    "that grows beyond the column": "ﷺ" * 100 + "@example.com",
    "of 255 letters": "k" * 243 + "@example.com",
    "with a domain that is no IDN": "kim@" + "ü" * 250 + ".com",
    "with punycode of nothing": "kim@xn--\u0430.com",
}
ADDRESSES = [
    row(name, door, "email", address) for door in (LOGIN, RESEND) for name, address in NO_ADDRESSES.items()
]
TWINS = {
    "dotless i": "k\u0131m@example.com",
    "I with a dot above": "K\u0130M@example.com",
    "a Cyrillic letter": "\u043aim@example.com",
    "a combining mark": "kim\u0301@example.com",
    "a tag": "kim+a@example.com",
    "another domain": "kim@example.co",
    "a Cyrillic domain": "kim@ex\u0430mple.com",
    "punycode": "kim@xn--exmple-cua.com",
    "a full stop": "k.im@example.com",
    "a quote": '"kim"@example.com',
    "a comment": "kim(x)@example.com",
    "SQL": "kim'--@example.com",
    "a wildcard": "k%m@example.com",
    "an underscore": "k_m@example.com",
}
SAME = {
    "KELVIN SIGN": "\u212aim@example.com",
    "full-width letters": "ｋｉｍ@example.com",
    "capitals": "KIM@EXAMPLE.COM",
    "spaces around it": "\u00a0kim@example.com\u3000",
    "mathematical letters": "\U0001d424\U0001d422\U0001d426@example.com",
}
TWIN_ROWS = [
    Hostile(
        f"unblocks a twin by {name}",
        send(UNBLOCK, json.dumps({"email": address})),
        400,
        sentence="User not found",
    )
    for name, address in TWINS.items()
] + [
    Hostile(
        f"unblocks the same by {name}",
        send(UNBLOCK, json.dumps({"email": address})),
        400,
        sentence="User is not blocked",
    )
    for name, address in SAME.items()
]


def user(name: str, field: str, value: Any) -> Hostile:
    body = json.dumps({field: value})
    return Hostile(f"{field} is {name}", send(USER_UPDATE, body, SIGNED_IN, method="PUT"), 400, field=field)


def application(name: str, field: str, value: Any) -> Hostile:
    body = json.dumps({field: value})
    return Hostile(
        f"{field} is {name}", send(APPLICATION_UPDATE, body, SIGNED_IN, method="PUT"), 400, field=field
    )


DETAILS = [
    user("two lines", "first_name", "Kim\r\nBcc: lou@example.com"),
    user("a line separator", "last_name", "Kim\u2028Lee"),
    user("of 151 letters", "first_name", "x" * 151),
    user("two words", "username", "two words"),
    user("markup", "username", "<b>"),
    user("blank", "username", "   "),
    user("in words", "phone", "+1 800 FLOWERS"),
    user("in full-width digits", "phone", "＋９１９８７６５４３２１０"),
    user("with an extension", "phone", "+919876543210;ext=5"),
    user("of 40 digits", "phone", "+" + "9" * 40),
    user("none of the three", "gender", "ｍａｌｅ"),
    user("30 February", "dob", "2026-02-30"),
    user("29 February of no leap year", "dob", "1900-02-29"),
    user("the 13th month", "dob", "1990-13-01"),
    user("in the year 0", "dob", "0000-01-01"),
    user("in the year 10000", "dob", "10000-01-01"),
    user("tomorrow's century", "dob", "2999-01-01"),
    user("before 1900", "dob", "1899-12-31"),
    user("a moment", "dob", "1990-01-01T00:00:00Z"),
    user("in full-width digits", "dob", "１９９０-０１-０１"),
    user("a week", "dob", "1990-W01-1"),
    user("a number", "dob", 631152000),
    user("on Mars", "timezone", "Mars/Olympus"),
    user("a path", "timezone", "../../etc/passwd"),
    user("a script", "profile_pic", "javascript:alert(1)"),
    user("data", "profile_pic", "data:text/html,x"),
    user("a file", "profile_pic", "file:///etc/passwd"),
    user("gopher", "profile_pic", "gopher://127.0.0.1:6379/_FLUSHALL"),
    user("with user-info", "profile_pic", "https://example.com@evil.example/"),
    user("with a password", "profile_pic", "https://user:secret@example.com"),
    user("without a scheme", "profile_pic", "//evil.example/x"),
    user("with brackets that do not close", "profile_pic", "https://[::1/"),
    user("with a port that is none", "profile_pic", "https://example.com:99999/"),
    user("with CR and LF", "profile_pic", "https://example.com/\r\nX: y"),
    user("with a backslash", "profile_pic", "https://example.com\\@evil.example"),
    user("with markup", "profile_pic", 'https://example.com/"><script>'),
    user("quoted", "email", '"kim"@example.com'),
    user("on an address in brackets", "email", "kim@[127.0.0.1]"),
    user("on a host without a dot", "email", "kim@localhost"),
    user("with a second recipient", "email", "kim@example.com,lou@example.com"),
    application("with a control character", "application_about", "a\x0bb"),
    application("a number", "is_ats", 1),
    application("the word null", "is_ats", "null"),
    application("beyond 64 bits", "default_status_id", 2**64),
    application("negative", "default_referrer_id", -1),
    application("in Arabic digits", "default_status_id", "١٢٣"),
    application("true", "default_status_id", True),
    application("of 15 letters", "secret_key", "x" * 15),
    application("of no state", "application_gst_no", "99AAPFU0939F1ZV"),
    application("in full width", "application_pan_no", "ＡＡＰＦＵ０９３９Ｆ"),
]


def target(name: str, body: str, status: int, field: str = "") -> Hostile:
    return Hostile(f"target {name}", send(USER_AND_APP, body, SIGNED_IN, method="PUT"), status, field=field)


TARGETS = [
    target("that is nobody", '{"user_id": 0, "first_name": "x"}', 404),
    target("below nought", '{"user_id": -1, "first_name": "x"}', 404),
    target("beyond 32 bits", '{"user_id": 4294967296, "first_name": "x"}', 404),
    target("beyond 64 bits", '{"application_id": 99999999999999999999, "state_name": "x"}', 404),
    target("of 4,000 digits", '{"user_id": 1%s, "first_name": "x"}' % ("0" * 4000), 404),
    target("1e400", '{"user_id": 1e400, "first_name": "x"}', 400, "user_id"),
    target("1.0", '{"user_id": 700000.0, "first_name": "x"}', 400, "user_id"),
    target("true", '{"user_id": true, "first_name": "x"}', 400, "user_id"),
    target("in Arabic digits", '{"user_id": "١", "first_name": "x"}', 400, "user_id"),
    target("that is two", f'{{"user_id": {ID}, "application_id": {ID}, "first_name": "x"}}', 400),
    target("of somebody else", '{"user_id": 700004, "first_name": "x"}', 404),
    target("without a change", f'{{"user_id": {ID}}}', 400),
    target("with a rank", f'{{"user_id": {ID}, "is_staff": true, "is_superuser": true}}', 400),
]

EVERY_OPEN_DOOR = [
    Hostile(f"{door.name}: an empty object", send(door, "{}"), 400, key=door.error_key) for door in OPEN_DOORS
]

ROWS = [*TYPES, *NUMBERS, *ADDRESSES, *TWIN_ROWS, *DETAILS, *TARGETS, *EVERY_OPEN_DOOR]
assert EMAIL == "kim@example.com"  # the twins' original
