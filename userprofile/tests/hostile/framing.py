"""Where a body begins and ends: lengths, chunks, and requests hidden in others."""

import json

from userprofile.tests.api.doors import LOGIN, LOGOUT, RESEND
from userprofile.tests.hostile.table import FORM, HOST, JSON, Hostile, fields, get, head, send

LINE = f"POST {RESEND.path} HTTP/1.1"
TYPE = f"Content-Type: {JSON}"
UNKNOWN = b'{"email": "nobody"}'  # no address: refused by name once the body is read
LENGTH = f"Content-Length: {len(UNKNOWN)}"
CHUNKED = "Transfer-Encoding: chunked"
HIDDEN = get("/userprofile/User_update/1/")  # must never be answered as a request of its own


def chunked(*chunks: bytes) -> bytes:
    return head(LINE, HOST, TYPE, CHUNKED) + b"".join(chunks)


def lengths(*values: str, body: bytes = UNKNOWN) -> bytes:
    return head(LINE, HOST, TYPE, *(f"Content-Length: {value}" for value in values)) + body


def large(*headers: str) -> bytes:
    content = b"x" * 10_000_000
    return head(LINE, HOST, TYPE, *headers, f"Content-Length: {len(content)}") + content


def large_chunks() -> bytes:
    return chunked((b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 150, b"0\r\n\r\n")


def split(body: bytes, size: int) -> bytes:
    pieces = [body[place : place + size] for place in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


LENGTHS = [
    Hostile("negative length", lengths("-1"), 400),
    Hostile("length with a plus sign", lengths("+19"), 400),
    Hostile("length in hexadecimal", lengths("0x13"), 400),
    Hostile("length with an exponent", lengths("1e1"), 400),
    Hostile("length with a fraction", lengths("19.0"), 400),
    Hostile("length with an underscore", lengths("1_9"), 400),
    Hostile("length of no digits", lengths(""), 400),
    Hostile("length in words", lengths("nineteen"), 400),
    Hostile("length in superscript", lengths("1²"), 400),
    Hostile("length in Arabic digits", lengths("١٩"), 400),
    Hostile("length as a list", lengths("19, 19"), 400),
    Hostile("two equal lengths", lengths("19", "19"), 400),
    Hostile("two lengths", lengths("19", "5"), 400),
    Hostile("length of 5,000 digits", lengths("9" * 5000), 400),
    Hostile("length beyond 64 bits", lengths("9" * 20), 413),
    Hostile("length of 18 digits", lengths("9" * 18), 413),
    Hostile("length with leading noughts", lengths("0000000019"), 400, field="email"),
    Hostile("body shorter than promised", lengths("500"), 400, hangs_up=True),
    Hostile(
        "form cut short where it still reads well",
        head(f"POST {LOGIN.path} HTTP/1.1", HOST, f"Content-Type: {FORM}", "Content-Length: 500")
        + b"email=kim@example.com&password=Violet-Kite7",
        400,
        hangs_up=True,
        key="detail",
    ),
    Hostile(
        "body longer than promised",
        lengths("19", body=UNKNOWN + b"xx"),
        400,
        field="email",
        hangs_up=True,
    ),
    Hostile("length of nought before a body", lengths("0"), 400, field="email", hangs_up=True),
    Hostile("no length before a body", head(LINE, HOST, TYPE) + UNKNOWN, 400, then=(), hangs_up=True),
    Hostile("headers without an end", head(LINE, HOST)[:-2], None, hangs_up=True),
    Hostile("nothing", b"", None, hangs_up=True),
    Hostile("empty lines alone", b"\r\n" * 5, 400, hangs_up=True),
]
LARGE = [
    Hostile("10 MB", large, 413),
    Hostile("10 MB that waits for leave", lambda: large("Expect: 100-continue"), 413),
    Hostile("10 MB in chunks", large_chunks, 413),
    Hostile(
        "10 MB for a path that is not there", lambda: large().replace(RESEND.path.encode(), b"/nope"), 413
    ),
    Hostile("one byte too many", send(RESEND, b" " * (64 * 1024 + 1)), 413),
    Hostile("64 KiB of nothing", send(RESEND, b" " * (64 * 1024)), 400),
    Hostile("one chunk of 2 GB promised", chunked(b"7fffffff\r\nx"), 400, hangs_up=True),
]
CHUNKS = [
    Hostile("chunks of one byte", chunked(split(UNKNOWN, 1), b"0\r\n\r\n"), 400, field="email"),
    Hostile(
        "chunk extensions", chunked(b'13;a=b;c="d"\r\n', UNKNOWN, b"\r\n0;x\r\n\r\n"), 400, field="email"
    ),
    Hostile("trailers", chunked(split(UNKNOWN, 9), b"0\r\nX-Odd: 1\r\n\r\n"), 400, field="email"),
    Hostile(
        "trailer that signs in", chunked(split(UNKNOWN, 9), b"0\r\nAuthorization: Bearer x\r\n\r\n"), 400
    ),
    Hostile("trailer that sets a length", chunked(split(UNKNOWN, 9), b"0\r\nContent-Length: 5\r\n\r\n"), 400),
    Hostile("trailer that is no header", chunked(split(UNKNOWN, 9), b"0\r\nodd\r\n\r\n"), 400),
    Hostile("chunk size that is no number", chunked(b"xyz\r\n", UNKNOWN), 400),
    Hostile("chunk size below nought", chunked(b"-1\r\n", UNKNOWN), 400),
    Hostile("chunk size with a plus sign", chunked(b"+13\r\n", UNKNOWN), 400),
    Hostile("chunk size with 0x", chunked(b"0x13\r\n", UNKNOWN), 400),
    Hostile("chunk size with an underscore", chunked(b"1_3\r\n", UNKNOWN), 400),
    Hostile("chunk size of nothing", chunked(b"\r\n", UNKNOWN), 400),
    Hostile("chunk size before a space", chunked(b"13 \r\n", UNKNOWN), 400),
    Hostile("chunk size of 10,000 digits", chunked(b"f" * 10_000 + b"\r\n", UNKNOWN), 400, hangs_up=True),
    Hostile("chunk size line without an end", chunked(b"1" * 20_000), 400),
    Hostile("chunk extension without an end", chunked(b"13;" + b"a" * 20_000), 400),
    Hostile("chunk shorter than its size", chunked(b"20\r\n", UNKNOWN, b"\r\n0\r\n\r\n"), 400, hangs_up=True),
    Hostile("chunk longer than its size", chunked(b"5\r\n", UNKNOWN, b"\r\n0\r\n\r\n"), 400),
    Hostile("chunk without its line break", chunked(b"13\r\n", UNKNOWN, b"0\r\n\r\n"), 400),
    Hostile("chunks with bare line feeds", chunked(b"13\n", UNKNOWN, b"\n0\n\n"), 400, hangs_up=True),
    Hostile("chunks without the last one", chunked(split(UNKNOWN, 9)), 400, hangs_up=True),
    Hostile("last chunk without its end", chunked(split(UNKNOWN, 9), b"0\r\n"), 400, hangs_up=True),
]
SMUGGLING = [
    Hostile(
        "length and chunks", head(LINE, HOST, TYPE, "Content-Length: 4", CHUNKED) + b"0\r\n\r\n" + HIDDEN, 400
    ),
    Hostile("chunks and length", head(LINE, HOST, TYPE, CHUNKED, LENGTH) + b"0\r\n\r\n" + HIDDEN, 400),
    Hostile("chunked twice", head(LINE, HOST, TYPE, CHUNKED, CHUNKED) + b"0\r\n\r\n" + HIDDEN, 400),
    Hostile(
        "chunked, then identity", head(LINE, HOST, TYPE, CHUNKED + ", identity") + b"0\r\n\r\n" + HIDDEN, 400
    ),
    Hostile("identity alone", head(LINE, HOST, TYPE, "Transfer-Encoding: identity", LENGTH) + UNKNOWN, 400),
    Hostile(
        "gzip, then chunked",
        head(LINE, HOST, TYPE, "Transfer-Encoding: gzip, chunked") + split(UNKNOWN, 9) + b"0\r\n\r\n",
        400,
        sentence="The request is malformed.",
    ),
    Hostile(
        "chunked, then gzip", head(LINE, HOST, TYPE, "Transfer-Encoding: chunked, gzip") + b"0\r\n\r\n", 400
    ),
    Hostile("coding that nobody knows", head(LINE, HOST, TYPE, "Transfer-Encoding: xchunked") + HIDDEN, 400),
    Hostile("coding with a tab", head(LINE, HOST, TYPE, "Transfer-Encoding: \x0bchunked") + HIDDEN, 400),
    Hostile(
        "coding with a space before the colon",
        head(LINE, HOST, TYPE, "Transfer-Encoding : chunked", LENGTH) + UNKNOWN,
        400,
    ),
    Hostile(
        "coding by an underscore",
        head(LINE, HOST, TYPE, "Transfer_Encoding: chunked", LENGTH) + UNKNOWN,
        400,
        field="email",
    ),
    Hostile(
        "coding behind a bare line feed",
        head(LINE, HOST, TYPE, "X: y\nTransfer-Encoding: chunked", LENGTH) + UNKNOWN,
        400,
    ),
    Hostile(
        "coding in HTTP/1.0",
        head(LINE.replace("1.1", "1.0"), HOST, TYPE, CHUNKED) + b"0\r\n\r\n" + HIDDEN,
        400,
    ),
    Hostile(
        "length of a GET that holds a request", get("/nope", f"Content-Length: {len(HIDDEN)}") + HIDDEN, 404
    ),
    Hostile(
        "chunks of a GET that hold a request", get("/nope", CHUNKED) + split(HIDDEN, 999) + b"0\r\n\r\n", 404
    ),
    Hostile(
        "body of a HEAD",
        head(b"HEAD /nope HTTP/1.1", HOST, f"Content-Length: {len(HIDDEN)}") + HIDDEN,
        404,
        has_body=False,
    ),
    Hostile("body that no view reads", send(LOGOUT, HIDDEN), 401),
    Hostile(
        "request behind a refused one", send(RESEND, UNKNOWN) + get("/nope"), 400, field="email", then=(404,)
    ),
    Hostile("request behind a large one", send(RESEND, b" " * 65_537) + get("/nope"), 413),
    Hostile("request behind a malformed one", get("/nope", "Odd") + get("/nope"), 400),
    Hostile("request behind broken chunks", chunked(b"xyz\r\n") + HIDDEN, 400),
    Hostile("request behind the end of the connection", get("/nope", "Connection: close") + HIDDEN, 404),
    Hostile("five requests at once", get("/nope") * 5, 404, then=(404,) * 4),
    Hostile(
        "each request its own answer",
        get("/nope") + send(LOGIN, "{") + get("/userprofile/login/") + get("/nope"),
        404,
        then=(400, 405, 404),
    ),
    Hostile(
        "upgrade to HTTP/2",
        get(
            "/nope", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"
        ),
        404,
    ),
    Hostile("upgrade to a WebSocket", get("/nope", "Connection: Upgrade", "Upgrade: websocket"), 404),
    Hostile("expectation that nobody knows", send(RESEND, UNKNOWN, "Expect: 200-ok"), 417),
    Hostile("two expectations", send(RESEND, UNKNOWN, "Expect: 100-continue, 100-continue"), 417),
    Hostile("leave to send a small body", send(RESEND, UNKNOWN, "Expect: 100-CONTINUE"), 400, field="email"),
]
CODINGS = [
    Hostile(
        "gzip as the content's coding",
        send(RESEND, bytes.fromhex("1f8b0800000000000003") + b"x", "Content-Encoding: gzip"),
        400,
    ),
    Hostile(
        "coding of the content that nobody knows", send(RESEND, b"\x00\x01", "Content-Encoding: odd"), 400
    ),
    Hostile("range of a body", send(RESEND, UNKNOWN, "Content-Range: bytes 0-5/1000"), 400, field="email"),
    Hostile("JSON of another door", send(RESEND, json.dumps(LOGIN.body | {"email": ""})), 400, field="email"),
    Hostile(
        "checksum that is wrong",
        send(LOGIN, fields(LOGIN, email=1), "Content-MD5: AAAA"),
        400,
        key="detail",
        field="email",
    ),
]

ROWS = [*LENGTHS, *LARGE, *CHUNKS, *SMUGGLING, *CODINGS]
