"""Programs as processes of their own, with a log each; tied to this one, and killed at the end."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parents[3]
PATIENCE = 120.0
Process = subprocess.Popen[bytes]


@contextmanager
def running(*command: str, log: Path, **variables: str) -> Iterator[Process]:
    """`command` in a process group of its own: Celery's and gunicorn's workers end with it."""
    tied = [sys.executable, "config/tether.py", str(os.getpid()), *command]
    environment = {**os.environ, **variables}
    with log.open("ab") as stream:
        started = subprocess.Popen(
            tied, cwd=PROJECT_FOLDER, env=environment, stdout=stream, stderr=stream, process_group=0
        )
    try:
        yield started
    finally:
        kill(started)


def kill(started: Process) -> None:
    """Signal 9, to its workers as well: nothing of the program's own runs any more."""
    if started.poll() is None:
        os.killpg(started.pid, 9)
    started.wait(PATIENCE)


def script(name: str) -> str:
    """A program that a package brought, as `celery`."""
    return str(Path(sys.executable).with_name(name))


def wait_until(condition: Callable[[], bool], *, patience: float = PATIENCE, pause: float = 0.05) -> float:
    """How long it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > patience:
            raise TimeoutError("it never came to pass")
        time.sleep(pause)
    return time.monotonic() - began
