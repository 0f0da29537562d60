"""Who sends a request byte by byte, or stops in its midst, holds a thread for seconds and not for ever."""

from concurrent.futures import ThreadPoolExecutor

from config.serving import REQUEST_LIMIT
from userprofile.tests.api.doors import RESEND
from userprofile.tests.hostile.conftest import Node
from userprofile.tests.hostile.table import HOST, JSON, head
from userprofile.tests.hostile.wire import PATIENCE, Answer, exchange, trickle

TOP = head(f"POST {RESEND.path} HTTP/1.1", HOST, f"Content-Type: {JSON}")[:-2]
SLOW = {  # how each begins, and what comes after it, a piece each half second
    "headers": (TOP, b"X-Odd: x\r\n"),
    "one header": (TOP + b"X-Odd: ", b"x"),
    "a body": (TOP + b"Content-Length: 60000\r\n\r\n", b"x"),
    "a body that stops": (TOP + b'Content-Length: 60000\r\n\r\n{"email":', b""),
    "chunks": (TOP + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a chunk that stops": (TOP + b"Transfer-Encoding: chunked\r\n\r\nff\r\nx", b""),
}
SILENT = {"headers", "one header"}  # closed without an answer: nobody knows what was asked
SLACK = 4  # seconds, on a busy machine


def test_slow_requests_end_and_hold_up_nobody(nodes: list[Node]) -> None:
    with ThreadPoolExecutor(len(SLOW) * len(nodes)) as threads:
        slow = [
            (name, threads.submit(trickle, node.server.port, start, piece=piece, pause=0.5))
            for name, (start, piece) in SLOW.items()
            for node in nodes
        ]
        meanwhile = [exchange(node.server.port, head("GET /health/live HTTP/1.1", HOST)) for node in nodes]
    assert [[answer.status for answer in answers] for answers in meanwhile] == [[200] for _ in nodes]
    for name, waiting in slow:
        answers, seconds = waiting.result()
        assert statuses(answers) == ([] if name in SILENT else [408]), name
        assert seconds < REQUEST_LIMIT + SLACK < PATIENCE, name


def statuses(answers: list[Answer]) -> list[int]:
    assert all(answer.json() == {"error": "The request took too long to arrive."} for answer in answers)
    return [answer.status for answer in answers]
