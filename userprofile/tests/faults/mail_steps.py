"""The steps of a mail's delivery: at each of them a worker can be held, and then killed."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from userprofile.models import EmailsLogs
from userprofile.tests.faults import mail_sink, mail_workers, processes
from userprofile.tests.faults.mail_sink import Sink
from userprofile.tests.faults.processes import Process

Rows = list[EmailsLogs]
Held = Callable[[Sink, Rows, Path], AbstractContextManager[Process]]


@contextmanager
def before_the_connection(sink: Sink, rows: Rows, log: Path) -> Iterator[Process]:
    """The claim is committed; the server's port is deaf."""
    held = EmailsLogs.objects.filter(pk__in=[row.pk for row in rows], status="sending")
    with mail_sink.deaf_port() as port, mail_workers.worker(port=port, log=log) as worker:
        processes.wait_until(lambda: held.count() == len(rows))
        yield worker


@contextmanager
def at(step: str, sink: Sink, rows: Rows, log: Path, *, passes: int = 0) -> Iterator[Process]:
    sink.stop_at(step, passes=passes)
    with mail_workers.worker(port=sink.port, log=log) as worker:
        sink.wait_until_reached()
        yield worker


@contextmanager
def before_the_result(sink: Sink, rows: Rows, log: Path) -> Iterator[Process]:
    """The server has said 250; the worker waits for the row's lock."""
    with at(mail_sink.ACCEPTED, sink, rows, log) as worker, mail_workers.locked(rows[0].pk):
        sink.go_on()
        time.sleep(0.3)
        yield worker


# The step, and how many duplicates a kill costs there.
STEPS: dict[str, tuple[Held, int]] = {
    "claimed, before it connects": (before_the_connection, 0),
    "connected": (partial(at, mail_sink.EHLO), 0),
    "in the middle of DATA": (partial(at, mail_sink.IN_DATA), 0),
    "accepted, before the answer": (partial(at, mail_sink.ACCEPTED), 1),
    "answered, before the result": (before_the_result, 1),
    "after the result": (partial(at, mail_sink.MAIL, passes=1), 0),
}
