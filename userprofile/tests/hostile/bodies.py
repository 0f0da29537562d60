"""Bodies that are not what their type says: JSON, forms and multipart."""

import json

from userprofile.tests.api.doors import EMAIL, LOGIN, RESEND
from userprofile.tests.hostile.table import FORM, JSON, Hostile, fields, send

MULTIPART = "multipart/form-data; boundary=x"
END = b"--x--\r\n"


def part(name: str, content: bytes = b"1", *, more: str = "", headers: str = "") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"{more}\r\n{headers}\r\n'
    return b"--x\r\n" + disposition.encode() + content + b"\r\n"


NOT_VALID = "The body is not valid JSON."
TOO_DEEP = "The body is nested too deeply."
MALFORMED = {
    "a bracket": b"{",
    "quotes in single": b"{'email': 'kim'}",
    "a comma too many": b'{"email": "kim@example.com",}',
    "a comment": b'{"email": "kim@example.com"} // x',
    "two values": b'{"email": "a"}{"email": "b"}',
    "a doubled key": b'{"email": "a", "email": "b"}',
    "a doubled key, escaped": b'{"email": "a", "\\u0065mail": "b"}',
    "a doubled key further in": b'{"x": [{"a": 1, "a": 2}]}',
    "NaN": b'{"email": NaN}',
    "Infinity": b'{"email": Infinity}',
    "minus Infinity": b'{"email": -Infinity}',
    "a leading nought": b'{"email": 01}',
    "a number of 5,000 digits": b'{"email": 1' + b"0" * 5000 + b"}",
    "a line feed in a text": b'{"email": "a\nb"}',
    "NUL": b"\x00",
    "NUL in a text": b'{"email": "a\x00b"}',
    "an escape that is none": b'{"email": "\\x41"}',
    "bytes that are no UTF-8": b'{"email": "\xff\xfe"}',
    "a surrogate in UTF-8": b'{"email": "\xed\xa0\x80"}',
    "overlong UTF-8": b'{"email": "\xc0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"email": "kim@example.com"}',
    "UTF-16": '{"email": "kim@example.com"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"email": "kim@example.com"}'.encode("utf-16-le"),
    "UTF-32": '{"email": "kim@example.com"}'.encode("utf-32"),
    "UTF-7": b"+AHsAIgBl-",
    "a form": b"email=kim@example.com",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "a pickle": b"\x80\x04\x95\x00\x00\x00.",
    "60,000 brackets": b"[" * 60_000,
    "10,000 objects": b'{"a":' * 10_000,
    "30,000 brackets that close": b"[" * 30_000 + b"]" * 30_000,
}
DEEP = {
    "17 lists": b'{"x": ' + b"[" * 17 + b"]" * 17 + b"}",
    "400 lists": b'{"x": ' + b"[" * 400 + b"]" * 400 + b"}",
    "100 objects": b'{"x":' * 100 + b"1" + b"}" * 100,
}
NO_OBJECTS = {
    "null": b"null",
    "a list": b"[]",
    "a list of objects": b"[{}]",
    "a text": b'"email"',
    "a number": b"1",
    "1e400": b"1e400",
    "true": b"true",
    "a list of 20,000 numbers": b"[" + b"1," * 20_000 + b"1]",
}
JSON_ROWS = [
    *(
        Hostile(f"JSON of {name}", send(LOGIN, body), 400, key="detail", sentence=NOT_VALID)
        for name, body in MALFORMED.items()
    ),
    *(
        Hostile(f"JSON nested in {name}", send(LOGIN, body), 400, key="detail", sentence=TOO_DEEP)
        for name, body in DEEP.items()
    ),
    Hostile("JSON of nothing", send(LOGIN, b""), 400, key="detail", sentence="Invalid input."),
    *(
        Hostile(f"JSON that is {name}", send(LOGIN, body), 400, key="detail")
        for name, body in NO_OBJECTS.items()
    ),
    Hostile("100,000 brackets", send(LOGIN, b"[" * 100_000), 413, key="detail"),
    Hostile(
        "4,000 fields nobody knows",
        send(LOGIN, json.dumps({str(n): n for n in range(4000)})),
        400,
        key="detail",
    ),
    Hostile(
        "fields with the names of a prototype",
        send(LOGIN, '{"__proto__": {"a": 1}, "constructor": 1, "__class__": 1}'),
        400,
        key="detail",
    ),
    Hostile(
        "field that is an alias and itself", send(RESEND, '{"Email": "a", "EMAIL": "b"}'), 400, field="email"
    ),
]
PAIR = f"email={EMAIL}&password=x"
FORMS = {
    "nothing": b"",
    "JSON": fields(LOGIN).encode(),
    "no equals sign": b"email",
    "ampersands": b"&&&===&&",
    "percent signs that say nothing": b"email=%zz%&password=%",
    "percent NUL": b"email=a%00b&password=x",
    "a percent surrogate": b"email=%ED%A0%80@example.com&password=x",
    "no UTF-8 in percents": b"email=%FF%FE@example.com&password=x",
    "overlong UTF-8 in percents": b"email=%C0%80@example.com&password=x",
    "NUL": b"email=a\x00b&password=x",
    "no UTF-8": b"email=\xff\xfe@example.com\x00&password=x",
    "line breaks in percents": b"email=%0D%0Akim@example.com&password=a%0D%0Ab",
    "semicolons": PAIR.replace("&", ";").encode(),
    "names with brackets": PAIR.replace("=", "[]=").encode(),
    "a charset of its own": b"_charset_=utf-7&email=kim",
}
FORM_ROWS = [
    *(
        Hostile(f"form of {name}", send(LOGIN, body, media_type=FORM), 400, key="detail")
        for name, body in FORMS.items()
    ),
    Hostile("form of 201 fields", send(LOGIN, b"&".join([b"a=1"] * 201), media_type=FORM), 400, key="detail"),
    Hostile(
        "form of 15,000 fields", send(LOGIN, b"&".join([b"a=1"] * 15_000), media_type=FORM), 400, key="detail"
    ),
    Hostile(
        "form whose email comes twice",
        send(LOGIN, b"email=a@example.com&email=nobody", media_type=FORM),
        400,
        key="detail",
    ),
]
BROKEN = {
    "without a boundary": ("multipart/form-data", part("email") + END),
    "with an empty boundary": ("multipart/form-data; boundary=", part("email") + END),
    "with a boundary that is not ASCII": ("multipart/form-data; boundary=é", part("email") + END),
    "with a boundary of 500 letters": (f"multipart/form-data; boundary={'x' * 500}", part("email") + END),
    "with another boundary": ("multipart/form-data; boundary=y", part("email") + END),
    "with two boundaries": ("multipart/form-data; boundary=y; boundary=x", part("email", b"nobody") + END),
    "of nonsense": (MULTIPART, b"nonsense"),
    "of nothing": (MULTIPART, b""),
    "of its end alone": (MULTIPART, END),
    "without an end": (MULTIPART, part("email", b"nobody")),
    "cut in a header": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="ema'),
    "with bare line feeds": (MULTIPART, (part("email") + END).replace(b"\r\n", b"\n")),
    "without a name": (MULTIPART, b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n" + END),
    "without a disposition": (MULTIPART, b"--x\r\nContent-Type: text/plain\r\n\r\na\r\n" + END),
    "with another disposition": (
        MULTIPART,
        b'--x\r\nContent-Disposition: attachment; name="email"\r\n\r\na\r\n' + END,
    ),
    "with a name in a bogus charset": (
        MULTIPART,
        b"--x\r\nContent-Disposition: form-data; name*=bogus''email\r\n\r\na\r\n" + END,
    ),
    "with a name that is not UTF-8": (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="\xff\xfe"\r\n\r\na\r\n' + END,
    ),
    "with a header that has no colon": (MULTIPART, b"--x\r\nodd\r\n\r\na\r\n" + END),
    "with a header of 60,000 bytes": (
        MULTIPART,
        part("email", headers="X-Odd: " + "x" * 60_000 + "\r\n") + END,
    ),
    "with base64 that is none": (
        MULTIPART,
        part("email", b"!", headers="Content-Transfer-Encoding: base64\r\n") + END,
    ),
    "with a part in UTF-16": (
        MULTIPART,
        part("email", "kim".encode("utf-16"), headers="Content-Type: text/plain; charset=utf-16\r\n") + END,
    ),
    "with a part in an unknown charset": (
        MULTIPART,
        part("email", b"a", headers="Content-Type: text/plain; charset=bogus\r\n") + END,
    ),
    "with a part that is multipart": (
        MULTIPART,
        part("email", b"--y\r\n\r\n--y--", headers="Content-Type: multipart/mixed; boundary=y\r\n") + END,
    ),
    "with a file for an address": (
        MULTIPART,
        part("email", b"nobody", more='; filename="a"') + part("password") + END,
    ),
    "with a file from above": (
        MULTIPART,
        part("email", b"nobody", more='; filename="../../etc/passwd"') + END,
    ),
    "with a file without a name": (MULTIPART, part("email", b"nobody", more='; filename=""') + END),
    "with a file in a bogus charset": (MULTIPART, part("email", b"a", more="; filename*=bogus''a") + END),
    "with NUL": (MULTIPART, part("email", b"a\x00b") + part("password") + END),
    "with 201 parts": (MULTIPART, part("a") * 201 + END),
    "with 1,000 empty parts": (MULTIPART, part("a", b"") * 1000 + END),
    "with 101 files": (MULTIPART, part("a", more='; filename="a"') * 101 + END),
    "with boundaries alone": (MULTIPART, b"--x\r\n" * 10_000),
    "mixed": ("multipart/mixed; boundary=x", part("email") + END),
}
UNREAD = ("mixed", "with a boundary of 500 letters")
MULTIPART_ROWS = [
    Hostile(
        f"multipart {name}", send(LOGIN, body, media_type=kind), 415 if name in UNREAD else 400, key="detail"
    )
    for name, (kind, body) in BROKEN.items()
] + [
    Hostile(
        "multipart with a file of 70,000 bytes",
        send(LOGIN, part("f", b"x" * 70_000, more='; filename="a"') + END, media_type=MULTIPART),
        413,
        key="detail",
    ),
    Hostile(
        "multipart of a charset",
        send(LOGIN, part("email") + END, media_type=f"{MULTIPART}; charset=utf-16"),
        415,
        key="detail",
    ),
    Hostile(
        "JSON that says it is multipart", send(LOGIN, fields(LOGIN), media_type=MULTIPART), 400, key="detail"
    ),
    Hostile(
        "multipart that says it is JSON", send(LOGIN, part("email") + END, media_type=JSON), 400, key="detail"
    ),
]

ROWS = [*JSON_ROWS, *FORM_ROWS, *MULTIPART_ROWS]
