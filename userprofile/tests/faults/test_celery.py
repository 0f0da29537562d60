"""Celery as it is documented, with real processes: it hurries the outbox, and a broker may come and go."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from userprofile.mechanisms import outbox
from userprofile.models import User
from userprofile.tests.faults import mail_sink, mail_workers, processes
from userprofile.tests.faults.mail_sink import Sink
from userprofile.tests.faults.processes import Process

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("mail survival"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="there is no redis-server here"),
]


class Stack:
    """A web, Redis, and Celery's worker and beat as the test starts them."""

    def __init__(self, stack: ExitStack, *, folder: Path) -> None:
        self._stack, self.folder = stack, folder
        self.sink = stack.enter_context(mail_sink.serving(Sink()))
        self.redis_port, self.web_port = mail_sink.free_port(), mail_sink.free_port()
        self._environment = {
            "DEBUG": "off",
            "DATABASE_URL": mail_workers.database_url(),
            "EMAIL_URL": f"smtp://127.0.0.1:{self.sink.port}",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "HOST": "127.0.0.1",
            "PORT": str(self.web_port),
        }

    def start(self, name: str, *command: str) -> Process:
        log = self.folder / f"{name}.log"
        return self._stack.enter_context(processes.running(*command, log=log, **self._environment))

    def start_redis(self) -> Process:
        where = ("--bind", "127.0.0.1", "--port", str(self.redis_port), "--dir", str(self.folder))
        return self.start("redis", "redis-server", *where, "--save", "")

    def start_web(self) -> Process:
        started = self.start("web", sys.executable, "-m", "gunicorn")
        processes.wait_until(self.web_answers)
        return started

    def start_celery(self, part: str, *options: str) -> Process:
        started = self.start(part, processes.script("celery"), "--app", "config.celery", part, *options)
        word = "ready." if part == "worker" else "beat: Starting..."
        processes.wait_until(lambda: word in (self.folder / f"{part}.log").read_text())
        return started

    def start_beat(self) -> Process:
        schedule = str(self.folder / "schedule")
        return self.start_celery("beat", "--loglevel", "info", "--schedule", schedule)

    def web_answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.web_port}/health/live", timeout=5).ok
        except requests.ConnectionError:
            return False

    def ask_for_a_code(self, user: User) -> float:
        """How long the request took."""
        began = time.monotonic()
        url = f"http://127.0.0.1:{self.web_port}/userprofile/Generate_OTP/"
        answer = requests.post(url, {"email": user.email}, timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"message": "OTP Generate successfully"})
        return time.monotonic() - began


@pytest.fixture
def stack(tmp_path: Path, transactional_db: None) -> Iterator[Stack]:
    with ExitStack() as opened:
        yield Stack(opened, folder=tmp_path)


def test_celery_hurries_and_outlives_its_broker(stack: Stack, make_user: Callable[..., User]) -> None:
    asha, ben, kim = (make_user(f"{name}@example.com", password=None) for name in ("asha", "ben", "kim"))
    redis = stack.start_redis()
    web = stack.start_web()
    worker = stack.start_celery("worker", "--loglevel", "info", "--pool", "solo")

    stack.ask_for_a_code(asha)  # there is no beat yet: the hurry alone brings it
    processes.wait_until(lambda: outbox.depth() == 0)

    processes.kill(redis)
    assert stack.ask_for_a_code(ben) < 3
    assert stack.ask_for_a_code(kim) < 3
    assert outbox.depth() == 2

    processes.kill(worker)
    processes.kill(web)
    stack.start_redis()  # empty: what was in it is gone
    (stack.folder / "worker.log").unlink()
    stack.start_celery("worker", "--loglevel", "info", "--pool", "solo")
    stack.start_beat()  # there is no web any more: the sweep alone brings them
    processes.wait_until(lambda: outbox.depth() == 0)
    sent_to = [message["To"] for message in stack.sink.accepted]
    assert sorted(sent_to) == ["asha@example.com", "ben@example.com", "kim@example.com"]
