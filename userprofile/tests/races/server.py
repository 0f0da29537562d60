"""The service as it is deployed: gunicorn with two processes of several threads, in a process group."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from userprofile.tests.races.volley import Callers

WORKERS, THREADS = 2, 8
START_LIMIT, STOP_LIMIT = 30, 10
COMPLAINT = re.compile(r"(?<!gunicorn\.)ERROR|CRITICAL|Traceback|database is locked|deadlock", re.IGNORECASE)


class Server:
    """A running service, fifty callers of it, and its log."""

    def __init__(self, *, port: int, log: Path, process: "subprocess.Popen[bytes]") -> None:
        self.port, self.process = port, process
        self.callers = Callers(port)
        self.volley = self.callers.volley
        self.post = self.callers.first.post
        self.get = self.callers.first.get
        self._log = log

    def kill_workers(self) -> None:
        """By signal 9; the arbiter starts others."""
        arbiter = self.process.pid
        for worker in Path(f"/proc/{arbiter}/task/{arbiter}/children").read_text().split():
            os.kill(int(worker), signal.SIGKILL)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def complaints(self) -> list[str]:
        """What the log says of faults; a lost race must leave no trace there."""
        return [line for line in self.log.splitlines() if COMPLAINT.search(line)]


@contextmanager
def running(*, database_url: str, folder: Path, **variables: str) -> Iterator[Server]:
    """A server on a port that the system chooses; `variables` are settings of its environment.

    Each of its threads keeps a connection open, and PostgreSQL has a hundred for all.
    """
    log = folder / f"server-{time.monotonic_ns()}.log"
    given = {
        "DATABASE_URL": database_url,
        "DEBUG": "off",
        "ALLOWED_HOSTS": "127.0.0.1",
        "EMAIL_URL": "dummy:",
        "LOG_LEVEL": "INFO",
        "WEB_CONCURRENCY": str(WORKERS),
        **variables,
    }
    with log.open("w") as stream:
        process = subprocess.Popen(
            _command(), cwd=settings.BASE_DIR, env={**os.environ, **given}, stdout=stream, stderr=stream
        )
    try:
        server = Server(port=_port(process, log), log=log, process=process)
        yield server
        server.callers.hang_up()
    finally:
        _stop(process)


def _command() -> list[str]:
    """Tied to this process, as `make` ties its programs: a killed test run leaves no server behind."""
    tied = [sys.executable, "config/tether.py", str(os.getpid())]
    size = ["--threads", str(THREADS), "--keep-alive", "120"]
    return [*tied, sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", *size]


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + START_LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        if match := re.search(r"Listening at: http://127\.0\.0\.1:([0-9]+)", log.read_text()):
            return int(match[1])
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text()}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
