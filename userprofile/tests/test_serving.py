"""`make run`: serves with its mail thread, and leaves no process behind however it ends."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config.environment import PROJECT_FOLDER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's part is Linux's")
PATIENCE = 40  # seconds, on a busy machine


@dataclass
class Run:
    """One `make run`, in a session of its own as a terminal would give it."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int
    folder: Path
    pids: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, pattern: str) -> "re.Match[str]":
        end = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.text, re.MULTILINE)) is None:
            assert time.monotonic() < end and self.process.poll() is None, self.text  # noqa: PT018
            time.sleep(0.05)
        return found

    def wait_until_it_serves(self) -> None:
        self.arbiter = int(self.wait_for(r"Listening at: .+ \((\d+)\)")[1])
        self.worker = int(self.wait_for(r"Booting worker with pid: (\d+)")[1])
        self.pids = {self.process.pid, self.arbiter, self.worker}
        assert self.get("/health/live")[0] == 200
        time.sleep(0.3)  # for the last hook of the worker

    def get(
        self, path: str, body: dict[str, str] | None = None, *, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers or {})
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def wait_until_it_ended(self) -> None:
        end = time.monotonic() + PATIENCE
        while any(is_running(pid) for pid in self.pids):
            assert time.monotonic() < end, self.text
            self.process.poll()
            time.sleep(0.05)
        assert "Traceback" not in self.text, self.text


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture
def make_run(folder: Path) -> Iterator[Callable[..., Run]]:
    """`make run` with this Python instead of a .venv; the database of the module's first run serves all."""
    started: list[Run] = []

    def start(**variables: str) -> Run:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        values = {
            "PATH": os.environ["PATH"],
            "ENV_FILE": os.devnull,
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "EMAIL_URL": f"file:///{folder / 'mails'}",
            "PORT": str(port),
            **variables,
        }
        log = folder / f"{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["make", "run", f"PY={sys.executable}", "RUN_STAMP=Makefile"],
                cwd=PROJECT_FOLDER,
                env=values,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(Run(process=process, log=log, port=int(values["PORT"]), folder=folder))
        return started[-1]

    yield start
    for run in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait()


def test_make_run_signs_in_and_sends_mail(make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.wait_until_it_serves()

    status, body = run.get("/userprofile/login/", {"email": "demo@example.com", "password": "Violet-Kite7"})
    assert (status, set(body)) == (200, {"access_token", "refresh_token"})
    status, body = run.get("/userprofile/forget_password/", {"email": "demo@example.com"})
    assert status == 200
    end = time.monotonic() + PATIENCE
    while not any(body["otp"] in mail.read_text() for mail in (run.folder / "mails").glob("*")):
        assert time.monotonic() < end, run.text
        time.sleep(0.1)


def test_no_header_changes_what_the_server_knows_of_a_request(make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.wait_until_it_serves()
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "Script_Name": "/userprofile"}
    credentials = {"email": "demo@example.com", "password": "Violet-Kite7"}
    answers = [run.get("/userprofile/login/", credentials, headers=forged) for _ in range(2)]  # two pages
    assert [status for status, _ in answers] == [200, 200]

    forged["Authorization"] = f"Bearer {answers[0][1]['access_token']}"
    page = f"http://127.0.0.1:{run.port}/userprofile/user-activity/?email=demo@example.com&limit=1"
    with urllib.request.urlopen(urllib.request.Request(page, headers=forged), timeout=PATIENCE) as answer:
        assert [row["ip_address"] for row in json.load(answer)["activity_logs"]] == ["127.0.0.1"]
        assert answer.headers["Link"].startswith(f"<http://127.0.0.1:{run.port}/userprofile/user-activity/?")


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("make", signal.SIGKILL),
        ("arbiter", signal.SIGKILL),
        ("make", signal.SIGTERM),
        ("everybody", signal.SIGINT),  # Ctrl-C
        ("everybody", signal.SIGHUP),  # the terminal is closed
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_whatever_ends_make_run_nothing_is_left(
    make_run: Callable[..., Run], target: str, number: signal.Signals
) -> None:
    run = make_run()
    run.wait_until_it_serves()

    if target == "everybody":
        os.killpg(run.process.pid, number)
    else:
        os.kill(run.process.pid if target == "make" else run.arbiter, number)

    run.wait_until_it_ended()


def test_a_request_that_never_ends_keeps_no_worker_alive(make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.wait_until_it_serves()

    with socket.create_connection(("127.0.0.1", run.port)) as unfinished:
        unfinished.sendall(
            b"POST /userprofile/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9\r\n\r\n"
        )
        time.sleep(0.5)  # until a thread waits for the body
        os.kill(run.arbiter, signal.SIGKILL)
        run.wait_until_it_ended()


def test_a_taken_port_is_one_line(make_run: Callable[..., Run]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = make_run(PORT=str(port))
        assert run.process.wait(PATIENCE) != 0

    said, by_make = run.text.splitlines()
    taken_line = f"Cannot listen on 127.0.0.1:{port}: Address already in use."
    assert said == f"{taken_line} Choose another: make run PORT=<number>"
    assert by_make.startswith("make: ***")


def test_a_bad_setting_is_one_line(make_run: Callable[..., Run]) -> None:
    run = make_run(OTP_LENGTH="many")
    assert run.process.wait(PATIENCE) != 0

    said, by_make = run.text.splitlines()
    assert said == "Settings: OTP_LENGTH: Not a valid integer."
    assert by_make.startswith("make: ***")


def test_outside_debug_there_are_no_demo_accounts(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run(
        DEBUG="off",
        SECRET_KEY="k" * 50,
        ALLOWED_HOSTS="127.0.0.1",
        DATABASE_URL=f"sqlite:///{tmp_path / 'db.sqlite3'}",
    )
    run.wait_until_it_serves()

    assert "demo@example.com" not in run.text
    assert run.get("/userprofile/login/", {"email": "demo@example.com", "password": "Violet-Kite7"}) == (
        401,
        {"detail": "Invalid credentials"},
    )
