"""Runs what compose.yaml describes with the processes themselves, and prints what it saw: `make topology`.

Two gunicorns, a Celery worker and beat, an SMTP server, and a PostgreSQL database and a Redis of its own.
"""

import http.client
import json
import os
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT_FOLDER))

from userprofile.tests.faults import mail_sink, processes  # noqa: E402

POSTGRES_URL = os.environ.get("POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432")
REQUESTS = int(os.environ.get("REQUESTS", "100"))
EMAIL, PASSWORD, NEW_PASSWORD = "kim@example.com", "Violet-Kite7", "Amber-Fjord8"
Answer = tuple[int, dict[str, Any]]


class Surprise(Exception):
    """What was seen is not what the service promises."""


def say(text: str) -> None:
    print(text, flush=True)


def expect(what: str, seen: object, expected: object) -> None:
    if seen != expected:
        raise Surprise(f"{what}: expected {expected}, saw {seen}")
    say(f"  {what}: {seen}")


class Web:
    """One gunicorn, as a client sees it."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = name, port

    def call(self, method: str, path: str, body: object = None, token: str = "") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        try:
            connection.request(method, path, json.dumps(body or {}), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def post(self, path: str, token: str = "", **body: str) -> Answer:
        return self.call("POST", f"/userprofile/{path}", body, token)

    def is_ready(self) -> bool:
        try:
            return self.call("GET", "/health/ready")[0] == 200
        except OSError:
            return False


@contextmanager
def database() -> Iterator[str]:
    name = f"topology_{os.getpid()}_{secrets.token_hex(3)}"
    with psycopg.connect(f"{POSTGRES_URL}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES_URL}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Topology:
    """The processes and what they share; each may be killed and started again."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.database_url = stack.enter_context(database())
        self._database = stack.enter_context(psycopg.connect(self.database_url, autocommit=True))
        self.sink = stack.enter_context(mail_sink.serving(mail_sink.Sink()))
        self.redis_port = mail_sink.free_port()
        self.web_a, self.web_b = (Web(name, mail_sink.free_port()) for name in "AB")
        self.environment = {
            "ENV_FILE": os.devnull,
            "DEBUG": "off",
            "SECRET_KEY": secrets.token_hex(32),
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.sink.port}",
            "THROTTLES": "off",
            "WEB_CONCURRENCY": "2",
        }

    def start(self, name: str, *command: str, **variables: str) -> processes.Process:
        log = self.folder / f"{name}.log"
        started = processes.running(*command, log=log, **self.environment, **variables)
        return self._stack.enter_context(started)

    def start_redis(self) -> processes.Process:
        where = ("--bind", "127.0.0.1", "--port", str(self.redis_port), "--dir", str(self.folder))
        return self.start("redis", "redis-server", *where, "--save", "", "--appendonly", "no")

    def start_web(self, web: Web) -> processes.Process:
        command = (processes.script("gunicorn"),)
        return self.start(f"web-{web.name}", *command, HOST="127.0.0.1", PORT=str(web.port))

    def start_celery(self) -> tuple[processes.Process, processes.Process]:
        """The documented commands (docs/deploy.md)."""
        celery = (processes.script("celery"), "--app", "config.celery")
        worker = self.start("worker", *celery, "worker", "--loglevel", "info", "--concurrency", "2")
        schedule = str(self.folder / "beat-schedule")
        beat = self.start("beat", *celery, "beat", "--loglevel", "info", "--schedule", schedule)
        processes.wait_until(lambda: "ready." in (self.folder / "worker.log").read_text())
        return worker, beat

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=PROJECT_FOLDER, env={**os.environ, **self.environment}, check=True)

    def unsent(self) -> int:
        return self._ask("status IN ('queued', 'sending')")

    def failed(self) -> int:
        return self._ask("status = 'failed'")

    def _ask(self, condition: str) -> int:
        found = self._database.execute(f"SELECT count(*) FROM userprofile_emailslogs WHERE {condition}")
        return int(found.fetchone()[0])

    def all_sent(self) -> bool:
        return self.unsent() == 0

    def new_mail(self, action: Callable[[], object]) -> tuple[EmailMessage, float]:
        """The first mail that the action brings, and after how many seconds."""
        before = len(self.sink.accepted)
        action()
        took = processes.wait_until(lambda: len(self.sink.accepted) > before, pause=0.002)
        return self.sink.accepted[before], took


def code_in(mail: EmailMessage) -> str:
    text = "".join(str(part.get_content()) for part in mail_sink.plain_parts(mail))
    return re.findall(r"^\s+([0-9]{6})\s*$", text, re.MULTILINE)[0]


def walk(topology: Topology) -> None:
    """A reset and a session of one user, on both webs by turns."""
    a, b = topology.web_a, topology.web_b
    say("A walk across both webs")
    mail, took = topology.new_mail(lambda: a.post("forget_password/", email=EMAIL))
    say(f"  the code asked for on A is in the mail after {took * 1000:.0f} ms")
    form = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    answer = b.post("forget_password/", email=EMAIL, otp_entered=code_in(mail), **form)
    expect("reset on B", answer, (200, {"message": "Password reset successfully"}))
    tokens = a.post("login/", email=EMAIL, password=NEW_PASSWORD)[1]
    page = f"/userprofile/user-activity/?email={EMAIL}"
    expect("signed in on A, read on B", b.call("GET", page, token=tokens["access_token"])[0], 200)
    status, fresh = b.post("token/refresh/", refresh_token=tokens["refresh_token"])
    expect("refreshed on B", status, 200)
    expect("the new token on A", a.call("GET", page, token=fresh["access_token"])[0], 200)
    expect("logout on B", b.post("logout/", fresh["access_token"]), (200, {"detail": "Logout successful."}))
    expect("that token on A, at once", a.call("GET", page, token=fresh["access_token"])[0], 401)
    expect("its refresh on A", a.post("token/refresh/", refresh_token=fresh["refresh_token"])[0], 401)
    statuses = [web.post("login/", email=EMAIL, password="Wrong-Guess1")[0] for web in (a, b, a)]
    expect("wrong passwords on A, B, A", statuses, [401, 401, 403])
    expect("the right one on B", b.post("login/", email=EMAIL, password=NEW_PASSWORD)[0], 403)


def hurried(topology: Topology) -> None:
    """Twenty mails, each asked for when the one before has come."""

    def ask() -> None:
        topology.web_b.post("Generate_OTP/", email=EMAIL)

    took = [topology.new_mail(ask)[1] * 1000 for _ in range(20)]
    p95 = statistics.quantiles(took, n=20)[-1]
    say(f"  from the answer to the mail: p50 {statistics.median(took):.0f} ms, p95 {p95:.0f} ms")


def measure(topology: Topology, state: str) -> None:
    """Requests that queue a mail each, one after the other."""
    took = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        status, _body = topology.web_a.post("Generate_OTP/", email=EMAIL)
        took.append((time.perf_counter() - began) * 1000)
        if status != 200:
            raise Surprise(f"broker {state}: status {status}")
    p95 = statistics.quantiles(took, n=20)[-1]
    middle, longest = statistics.median(took), max(took)
    say(
        f"  broker {state}: {REQUESTS} x 200, p50 {middle:.1f} ms, p95 {p95:.1f} ms, longest {longest:.1f} ms"
    )


def settle(topology: Topology, what: str) -> None:
    took = processes.wait_until(topology.all_sent, patience=90)
    expect(f"{what}: all is sent after {took:.1f} s; failed", topology.failed(), 0)


def break_the_broker(topology: Topology, redis: processes.Process) -> None:
    say("Requests that queue a mail, and the broker")
    measure(topology, "up")
    settle(topology, "up")
    os.kill(redis.pid, signal.SIGSTOP)
    measure(topology, "hanging")
    os.kill(redis.pid, signal.SIGCONT)
    settle(topology, "going on")
    processes.kill(redis)
    measure(topology, "down")
    say(f"  unsent meanwhile: {topology.unsent()}")
    redis = topology.start_redis()
    settle(topology, "back and empty")
    topology.web_a.post("Generate_OTP/", email=EMAIL)
    subprocess.run(["redis-cli", "-p", str(topology.redis_port), "flushall"], check=True, capture_output=True)
    settle(topology, "flushed")


def kill_celery(topology: Topology, celery: tuple[processes.Process, processes.Process]) -> None:
    """While a mail is at the server; the lease is waited for in real time."""
    say("Celery's worker and beat killed by signal 9 while the server has a mail in its hands")
    topology.sink.stop_at(mail_sink.ACCEPTED)
    topology.web_a.post("Generate_OTP/", email=EMAIL)
    topology.sink.wait_until_reached()
    for process in celery:
        processes.kill(process)
    topology.sink.go_on()
    topology.start_celery()
    settle(topology, "started again")
    duplicates = sum(topology.sink.copies().values()) - len(topology.sink.copies())
    expect("duplicates, each with its first Message-ID", duplicates, 1)


def main() -> None:
    with ExitStack() as stack:
        topology = Topology(stack)
        redis = topology.start_redis()
        topology.manage("migrate", "--verbosity", "0")
        user = f"User.objects.create_user(email={EMAIL!r}, username='kim', password={PASSWORD!r})"
        topology.manage("shell", "--verbosity", "0", "-c", f"from userprofile.models import User; {user}")
        for web in (topology.web_a, topology.web_b):
            topology.start_web(web)
        celery = topology.start_celery()
        took = [processes.wait_until(web.is_ready) for web in (topology.web_a, topology.web_b)]
        say(f"Two webs are ready, {sum(took):.1f} s after Celery's worker")
        walk(topology)
        hurried(topology)
        break_the_broker(topology, redis)
        expect(
            "exit codes of Celery's worker and beat so far", [part.poll() for part in celery], [None, None]
        )
        kill_celery(topology, celery)
    say("All of it as promised; every process is ended.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # and everything is ended and dropped
    try:
        main()
    except Surprise as surprise:
        sys.exit(f"Not as promised: {surprise}")
