"""The request line and the headers: hosts, methods, versions, and what a proxy would have refused."""

from userprofile.tests.api.doors import ACCOUNT_LOCKED, LOGIN, LOGOUT, RESEND, USER_UPDATE
from userprofile.tests.hostile.table import FORM, HOST, JSON, Hostile, fields, get, head, send

NOBODY = b'{"email": "nobody"}'
SECRET = "one-that-no-log-may-repeat"
HOSTLESS = b"GET /nope HTTP/1.1"
ODD_HOSTS = {
    "of somebody else": "Host: evil.example",
    "that begins like ours": "Host: 127.0.0.1.evil.example",
    "with user-info": "Host: 127.0.0.1@evil.example",
    "with a port in letters": "Host: 127.0.0.1:http",
    "with a path": "Host: 127.0.0.1/nope",
    "with a space": "Host: 127.0.0.1 evil.example",
    "with a comma": "Host: 127.0.0.1,evil.example",
    "of nothing": "Host:",
    "that is a URL": "Host: http://127.0.0.1",
    "with brackets that do not close": "Host: [::1",
    "in Unicode": "Host: １２７.0.0.1",
    "of 8,000 letters": "Host: " + "x" * 8000,
    "in percents": "Host: 127%2e0.0.1",
    "with markup": "Host: <script>",
}
HOSTS = [
    *(Hostile(f"host {name}", head(HOSTLESS, header), 400) for name, header in ODD_HOSTS.items()),
    Hostile("host with a port that is none", head(HOSTLESS, "Host: 127.0.0.1:99999999"), 404),
    Hostile("no host", head(HOSTLESS), 400),
    Hostile("two hosts", head(HOSTLESS, HOST, "Host: evil.example"), 400),
    Hostile("host twice", head(HOSTLESS, HOST, HOST), 400),
    Hostile(
        "host at a door", send(LOGIN, fields(LOGIN)).replace(HOST, b"Host: evil.example"), 400, key="detail"
    ),
    Hostile("host forwarded", get("/nope", "X-Forwarded-Host: evil.example"), 404),
    Hostile("whole URL of another host", head(b"GET http://evil.example/nope HTTP/1.1", HOST), 400),
    Hostile(
        "whole URL of another host that both name",
        head(b"GET http://evil.example/nope HTTP/1.1", "Host: evil.example"),
        400,
    ),
    Hostile("whole URL of ours", head(b"GET http://127.0.0.1/nope HTTP/1.1", HOST), 404),
    Hostile("whole URL with user-info", head(b"GET http://kim@127.0.0.1/nope HTTP/1.1", HOST), 400),
    Hostile("whole URL of another scheme", head(b"GET gopher://127.0.0.1/nope HTTP/1.1", HOST), 404),
    Hostile("whole URL whose brackets do not close", head(b"GET http://[::1/nope HTTP/1.1", HOST), 400),
]
VERSIONS = [
    Hostile("HTTP/0.9", b"GET /nope\r\n\r\n", 400),
    Hostile("HTTP/1.0", head(b"GET /nope HTTP/1.0", HOST), 404),
    Hostile("HTTP/1.0 kept alive", head(b"GET /nope HTTP/1.0", HOST, "Connection: keep-alive"), 404),
    Hostile("HTTP/1.2", head(b"GET /nope HTTP/1.2", HOST), 404),
    Hostile("HTTP/2.0", head(b"GET /nope HTTP/2.0", HOST), 400),
    Hostile("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    Hostile("HTTP/9.9", head(b"GET /nope HTTP/9.9", HOST), 400),
    Hostile("HTTP/1.10", head(b"GET /nope HTTP/1.10", HOST), 400),
    Hostile("HTTP/1", head(b"GET /nope HTTP/1", HOST), 400),
    Hostile("http/1.1", head(b"GET /nope http/1.1", HOST), 400),
    Hostile("HTTPS/1.1", head(b"GET /nope HTTPS/1.1", HOST), 400),
    Hostile("no version behind a space", head(b"GET /nope ", HOST), 400),
    Hostile("TLS", bytes.fromhex("16030100c8010000c40303") + b"\x00" * 200 + b"\r\n\r\n", 400),
    Hostile("random bytes", bytes(range(256)) + b"\r\n\r\n", 400),
    Hostile("SMTP", b"EHLO evil.example\r\n\r\n", 400),
    Hostile("a proxy's own protocol", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get("/nope"), 400),
    Hostile("SOCKS", b"\x05\x01\x00\r\n\r\n", 400),
]
METHODS = [
    Hostile("method in lower case", head(b"get /nope HTTP/1.1", HOST), 400),
    Hostile("TRACE", head(b"TRACE /nope HTTP/1.1", HOST), 404),
    Hostile("TRACE of a door", send(LOGIN, fields(LOGIN), method="TRACE"), 405, key="detail"),
    Hostile("OPTIONS of a door", send(LOGIN, fields(LOGIN), method="OPTIONS"), 405, key="detail"),
    Hostile("OPTIONS of the server", head(b"OPTIONS * HTTP/1.1", HOST), 404),
    Hostile("GET of everything", head(b"GET * HTTP/1.1", HOST), 400),
    Hostile("CONNECT", head(b"CONNECT evil.example:443 HTTP/1.1", HOST), 404),
    Hostile("CONNECT of a door", send(LOGIN, fields(LOGIN), method="CONNECT"), 405, key="detail"),
    Hostile("PROPFIND", send(LOGIN, fields(LOGIN), method="PROPFIND"), 405, key="detail"),
    Hostile("method of 20 letters", head(b"X" * 20 + b" /nope HTTP/1.1", HOST), 404),
    Hostile("method of 21 letters", head(b"X" * 21 + b" /nope HTTP/1.1", HOST), 400),
    Hostile("method of 4,000 letters", head(b"X" * 4000 + b" /nope HTTP/1.1", HOST), 400),
    Hostile("method with symbols", head(b"G=T /nope HTTP/1.1", HOST), 400),
    Hostile("method with odd tokens", head(b"G!T /nope HTTP/1.1", HOST), 404),
    Hostile("method in Cyrillic", head("GЕT /nope HTTP/1.1", HOST), 400),
    Hostile("no method", head(b" /nope HTTP/1.1", HOST), 400),
    Hostile("method that reads a __name__", send(LOGIN, fields(LOGIN), method="__INIT__"), 405, key="detail"),
    Hostile(
        "method that is an attribute of the view",
        send(LOGIN, fields(LOGIN), method="SETUP"),
        405,
        key="detail",
    ),
    Hostile(
        "method overridden by a header",
        get("/userprofile/login/", "X-HTTP-Method-Override: POST"),
        405,
        key="detail",
    ),
    Hostile("method overridden by a field", get("/userprofile/login/?_method=POST"), 405, key="detail"),
    Hostile("DELETE by override", send(RESEND, NOBODY, "X-HTTP-Method-Override: DELETE"), 400, field="email"),
    Hostile("two spaces behind the method", head(b"GET  /nope HTTP/1.1", HOST), 400),
    Hostile("tabs for spaces", head(b"GET\t/nope\tHTTP/1.1", HOST), 400),
    Hostile("space in the path", head(b"GET /no pe HTTP/1.1", HOST), 400),
]
HEADERS = [
    Hostile("header of 8,000 bytes", get("/nope", "X-Odd: " + "x" * 8000), 404),
    Hostile("header of 9,000 bytes", get("/nope", "X-Odd: " + "x" * 9000), 431),
    Hostile("header of 1 MB", lambda: get("/nope", "X-Odd: " + "x" * 1_000_000), 431),
    Hostile("header without an end", lambda: get("/nope")[:-2] + b"X-Odd: " + b"x" * 1_000_000, 431),
    Hostile("name of 9,000 bytes", get("/nope", "X" * 9000 + ": x"), 431),
    Hostile("64 headers", get("/nope", *(f"X-{number}: x" for number in range(63))), 404),
    Hostile("65 headers", get("/nope", *(f"X-{number}: x" for number in range(64))), 431),
    Hostile("10,000 headers", get("/nope", *(f"X-{number}: x" for number in range(10_000))), 431),
    Hostile("the same header 60 times", get("/nope", *["X-Odd: x"] * 60), 404),
    Hostile("NUL in a header", get("/nope", b"X-Odd: a\x00b"), 400),
    Hostile("NUL in a name", get("/nope", b"X-\x00dd: x"), 400),
    Hostile("bell in a header", get("/nope", b"X-Odd: a\x07b"), 400),
    Hostile("carriage return in a header", get("/nope", b"X-Odd: a\rb"), 400),
    Hostile("line feed in a header", get("/nope", b"X-Odd: a\nAuthorization: Bearer x"), 400),
    Hostile("line feeds for line breaks", b"GET /nope HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
    Hostile("folded header", get("/nope", b"X-Odd: a\r\n b"), 400),
    Hostile("folded first header", head(HOSTLESS, b" X-Odd: a", HOST), 400),
    Hostile("space before the colon", get("/nope", b"X-Odd : a"), 400),
    Hostile("no colon", get("/nope", b"X-Odd"), 400),
    Hostile("no colon before a token", get("/nope", f"Authorization Bearer {SECRET}"), 400),
    Hostile("space in a query", get(f"/nope?password={SECRET} x"), 400),
    Hostile("no name", get("/nope", b": a"), 400),
    Hostile("no value", get("/nope", b"X-Odd:"), 404),
    Hostile("name in UTF-8", get("/nope", "X-Ödd: a"), 400),
    Hostile("value in UTF-8", get("/nope", "X-Odd: ööö"), 404),
    Hostile("value in no encoding", get("/nope", b"X-Odd: \xff\xfe\xc0"), 404),
    Hostile("name with brackets", get("/nope", b"X-Odd[]: a"), 400),
    Hostile(
        "underscore that passes for a dash",
        get("/nope", "X_Forwarded_For: 1.2.3.4", "Content_Length: 5"),
        404,
    ),
    Hostile("script's name", get("/nope", "Script_Name: /userprofile", "SCRIPT-NAME: /userprofile"), 404),
    Hostile("path by a header", get("/nope", "X-Original-URL: /admin/", "X-Rewrite-URL: /admin/"), 404),
    Hostile("proxy by a header", get("/nope", "Proxy: http://evil.example"), 404),
    Hostile(
        "scheme by a header", get("/nope", "X-Forwarded-Proto: https, gopher", "X-Forwarded-Ssl: on"), 404
    ),
    Hostile("request id with markup", get("/nope", "X-Request-ID: <script>"), 404),
    Hostile("request id of 8,000 letters", get("/nope", "X-Request-ID: " + "x" * 8000), 404),
    Hostile("range of nothing", get("/nope", "Range: bytes=99999999999999999999-"), 404),
    Hostile(
        "conditions on dates that are none",
        get("/nope", "If-Modified-Since: 31 Feb 99999", 'If-None-Match: W/"\xff'),
        404,
    ),
    Hostile("agent in control characters", get("/nope", b"User-Agent: \x7f"), 400),
]
ACCEPTS = {
    "nonsense": "text/html; a*=bogus''x",
    "nothing": "",
    "what there is not": "image/png",
    "everything 2,000 times": "*/*," * 2000,
    "a weight that is none": "text/html;q=x, application/xml;q=-1",
    "bytes": "\xff\xfe",
    "commas": ",,,;;;===",
}
NEGOTIATION = [
    *(
        Hostile(f"accepts {name}", send(LOGIN, "{", f"Accept: {accept}"), 400, key="detail")
        for name, accept in ACCEPTS.items()
    ),
    Hostile(
        "accepts problems alone",
        send(LOGIN, "{", "Accept: application/problem+json;q=0.001"),
        400,
        key="detail",
    ),
    Hostile("accepts no problems", send(RESEND, "{", "Accept: application/problem+json;q=0.000"), 400),
    Hostile("format by the query", get("/userprofile/login/?format=api"), 405, key="detail"),
    Hostile("format by the path", get("/userprofile/login.json"), 404),
    Hostile(
        "language that nobody speaks", send(LOGIN, "{", "Accept-Language: " + "xx-" * 500), 400, key="detail"
    ),
    Hostile("encoding that nobody knows", send(LOGIN, "{", "Accept-Encoding: rot13;q=9"), 400, key="detail"),
    Hostile("charset that nobody knows", send(LOGIN, "{", "Accept-Charset: utf-7"), 400, key="detail"),
]
COOKIES: dict[str, str | bytes] = {
    "broken": 'sessionid="abcdefgh\\000"',
    "huge": "sessionid=" + "a" * 8000,
    "empty": "sessionid=",
    "of bytes": b"sessionid=\xff\xfe\xff\xfe\xff\xfe\xff\xfe",
    "of SQL": "sessionid=abcdefgh'; DROP TABLE x; --",
    "without a name": "=;=;;;sessionid",
    "many times": "sessionid=aaaaaaaa; " * 300,
    "of a path": "sessionid=../../../../etc/passwd",
    "of a CSRF token that is none": "csrftoken=x; csrftoken=y",
    "with messages": "messages=W1siX19qc29uX21lc3NhZ2UiXV0:x:x",
    "in brackets": "sessionid[]=abcdefgh",
    "that is JSON": 'sessionid={"a": 1}',
}


def cookie(value: str | bytes) -> bytes:
    return b"Cookie: " + (value if isinstance(value, bytes) else value.encode())


COOKIE_ROWS = [
    *(Hostile(f"cookie {name}", send(LOGOUT, "{}", cookie(value)), 401) for name, value in COOKIES.items()),
    Hostile("two cookie headers", send(LOGOUT, "{}", cookie("sessionid=a"), cookie("sessionid=b")), 401),
    Hostile("CSRF token that is none", send(LOGOUT, "{}", "X-CSRFToken: " + "x" * 8000), 401),
]
ORIGINS = {
    "of another site": "https://evil.example",
    "null": "null",
    "that is none": "http://[::1",
    "of bytes": "\xff",
    "of 8,000 letters": "https://" + "x" * 8000,
    "that begins like ours": "http://127.0.0.1.evil.example",
    "with user-info": "http://127.0.0.1@evil.example",
}
ORIGIN_ROWS = [
    Hostile(f"origin {name}", send(ACCOUNT_LOCKED, fields(ACCOUNT_LOCKED), f"Origin: {origin}"), 403)
    for name, origin in ORIGINS.items()
] + [
    Hostile(
        "preflight of another site",
        head(
            f"OPTIONS {LOGIN.path} HTTP/1.1",
            HOST,
            "Origin: https://evil.example",
            "Access-Control-Request-Method: POST",
        ),
        200,
        has_body=False,
    ),
    Hostile(
        "fetch from another site",
        send(ACCOUNT_LOCKED, fields(ACCOUNT_LOCKED), "Sec-Fetch-Site: cross-site"),
        403,
    ),
]
FORWARDED = {
    "no address": "unknown",
    "a name": "evil.example",
    "SQL": "1.2.3.4'; DROP TABLE x; --",
    "a port": "1.2.3.4:5678",
    "numbers too large": "999.999.999.999",
    "one number": "2130706433",
    "octal numbers": "0177.0.0.1",
    "IPv6 in brackets": "[2001:db8::1]:443",
    "a zone": "fe80::1%eth0",
    "a zone with markup": "fe80::1%<script>",
    "full-width digits": "１.2.3.4",
    "commas": ",,,,",
    "1,000 hops": "1.2.3.4," * 1000,
    "bytes": "\xff\xfe",
    "private addresses": "127.0.0.1, 10.0.0.1, ::1",
    "IPv4 in IPv6": "::ffff:1.2.3.4",
}


def forwarded(*, is_proxied: bool) -> list[Hostile]:
    behind = "behind a proxy" if is_proxied else "and no proxy"
    return [
        Hostile(
            f"forwarded for {name}, {behind}",
            send(LOGIN, fields(LOGIN, email="nobody@forwarded.example"), f"X-Forwarded-For: {hops}"),
            401,
            key="detail",
            stores=True,
            is_proxied=is_proxied,
        )
        for name, hops in FORWARDED.items()
    ]


TYPES: dict[str, str | bytes] = {
    "text": "text/plain",
    "nothing": "",
    "XML": "application/xml",
    "a slash": "/",
    "semicolons": ";;;",
    "JSON in UTF-16": f"{JSON}; charset=utf-16",
    "JSON in UTF-7, quoted": f'{JSON}; charset="utf-7"',
    "JSON in an unknown charset": f"{JSON}; charset=no-such-thing",
    "JSON in rot13": f"{JSON}; charset=rot13",
    "a form in Latin-1": f"{FORM}; charset=latin-1",
    "a form in idna": f"{FORM}; charset=idna",
    "a parameter in bogus": f"{JSON}; charset*=bogus''utf-8",
    "bytes": b"\xff\xfe/\xff",
    "8,000 parameters": "a/b" + ";a" * 3900,
    "a pickle": "application/x-python-pickle",
    "problem": "application/problem+json",
}
TYPE_ROWS = [
    Hostile(
        f"content type of {name}",
        head(
            f"POST {LOGIN.path} HTTP/1.1",
            HOST,
            b"Content-Type: " + (kind if isinstance(kind, bytes) else kind.encode()),
            "Content-Length: 2",
        )
        + b"{}",
        415,
        key="detail",
    )
    for name, kind in TYPES.items()
] + [
    Hostile("two content types", send(LOGIN, "{}", "Content-Type: text/plain"), 400),
    Hostile("no content type", send(USER_UPDATE, "{}", media_type=""), 401, key="detail"),
]

ROWS = [
    *HOSTS,
    *VERSIONS,
    *METHODS,
    *HEADERS,
    *NEGOTIATION,
    *COOKIE_ROWS,
    *ORIGIN_ROWS,
    *forwarded(is_proxied=False),
    *forwarded(is_proxied=True),
    *TYPE_ROWS,
]
