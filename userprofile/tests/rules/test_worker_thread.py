"""The mail worker within the web process, and as a command of its own."""

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail as outgoing
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.commands.runserver import Command as DjangosRunserver
from pytest_django import Settings

from userprofile.clock import now
from userprofile.management.commands.runserver import Command as RunserverCommand
from userprofile.mechanisms import outbox, worker_thread
from userprofile.models import EmailsLogs, User


@pytest.fixture
def ended() -> Iterator[None]:
    yield
    worker_thread.stop()


@pytest.fixture
def handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("asha@example.com", password=None)


def queue_mail(user: User) -> EmailsLogs:
    return outbox.queue_notice(user=user, template="password_changed", at=now())


def mail_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mail"]


def wait_for_status(row: EmailsLogs, status: str) -> None:
    deadline = time.monotonic() + 10
    while row.status != status and time.monotonic() < deadline:
        time.sleep(0.02)
        row.refresh_from_db()
    assert row.status == status


@pytest.mark.django_db(transaction=True)
def test_thread_delivers_what_the_process_queues_without_waiting_for_the_poll(
    user: User, settings: Settings, ended: None
) -> None:
    settings.MAIL_POLL = timedelta(seconds=60)
    worker_thread.start()
    time.sleep(0.2)  # its first round finds nothing
    row = queue_mail(user)
    wait_for_status(row, "sent")
    assert [message.to for message in outgoing.outbox] == [["asha@example.com"]]


@pytest.mark.django_db(transaction=True)
def test_a_process_has_one_thread_that_ends_with_it(monkeypatch: pytest.MonkeyPatch, ended: None) -> None:
    at_exit: list[Callable[[], object]] = []
    monkeypatch.setattr(atexit, "register", at_exit.append)
    worker_thread.start()
    worker_thread.start()
    (thread,) = mail_threads()
    assert thread.daemon
    assert at_exit == [worker_thread.stop]
    worker_thread.stop()
    assert mail_threads() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_delivers_until_a_signal_and_ends_well(user: User, number: int, handlers: None) -> None:
    row = queue_mail(user)

    def interrupt() -> None:
        """Once it is at work: before, the signal would end the tests themselves."""
        end = time.monotonic() + 20
        while not outgoing.outbox and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    signaller = threading.Thread(target=interrupt)
    signaller.start()
    call_command("send_mail")
    signaller.join()
    row.refresh_from_db()
    assert row.status == "sent"


@pytest.mark.django_db
def test_command_delivers_once_and_says_how_many(user: User, handlers: None) -> None:
    queue_mail(user)
    printed = StringIO()
    call_command("send_mail", "--once", stdout=printed)
    assert printed.getvalue() == "Mails sent: 1\n"


@pytest.mark.parametrize(("debug", "starts"), [(True, 1), (False, 0)])
def test_runserver_sends_mail_in_debug_alone(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, debug: bool, starts: int
) -> None:
    started: list[int] = []
    monkeypatch.setattr(worker_thread, "start", lambda: started.append(1))
    monkeypatch.setattr(DjangosRunserver, "on_bind", lambda self, server_port: None)
    settings.DEBUG = debug
    RunserverCommand().on_bind(8000)
    assert len(started) == starts


def test_our_runserver_is_the_one_that_runs() -> None:
    assert isinstance(load_command_class(get_commands()["runserver"], "runserver"), RunserverCommand)
