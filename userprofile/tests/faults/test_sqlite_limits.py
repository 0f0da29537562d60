"""SQLite with no room left, and with a writer that does not let go: 503, nothing half done, well again."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connections

from userprofile.models import EmailsLogs, User
from userprofile.tests.faults import load, processes
from userprofile.tests.faults.conftest import ROUNDS
from userprofile.tests.faults.ledger import Ledger
from userprofile.tests.races import records, server
from userprofile.tests.races.databases import ALIAS
from userprofile.tests.races.server import Server

pytestmark = pytest.mark.xdist_group("faults")

MAX_PAGES = 400
IS_SHORT = ROUNDS == 1
BUSY_TIMEOUT, HELD = (1, 4) if IS_SHORT else (20, 30)  # seconds; `make faults` waits as long as production
UNAVAILABLE = {"error": "The service is unavailable for a moment. Try again."}


@pytest.fixture
def web(sqlite_url: str, folder: Path) -> Iterator[Server]:
    variables = {
        "DJANGO_SETTINGS_MODULE": "userprofile.tests.faults.small_disk",
        "MAX_PAGES": str(MAX_PAGES),
        "BUSY_TIMEOUT": str(BUSY_TIMEOUT),
    }
    with server.running(database_url=sqlite_url, folder=folder, THROTTLES="off", **variables) as started:
        yield started


@contextmanager
def a_full_disk(path: str) -> Iterator[None]:
    """Another table takes the last page there is, until it is emptied."""
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA max_page_count={MAX_PAGES}")
        connection.execute("CREATE TABLE IF NOT EXISTS filler (content)")
        with pytest.raises(sqlite3.OperationalError, match="full"):  # noqa: PT012
            while True:
                connection.execute("INSERT INTO filler VALUES (zeroblob(3000))")
        yield
        connection.execute("DELETE FROM filler")


def path_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


def codes_issued() -> int:
    return EmailsLogs.objects.using(ALIAS).filter(template="password_reset_code").count()


def counted() -> int:
    """Every accepted request for a first reset code leaves this column and one code, or neither."""
    users = User.objects.using(ALIAS)
    return len(users.filter(last_code_requested_at__isnull=False))


def test_full_disk_is_503_with_nothing_half_done(
    web: Server, sqlite_url: str, rounds: range, ledger: Ledger
) -> None:
    for _ in rounds:
        users = [records.make_user() for _ in range(60)]
        calls = [("forget_password/", {"email": user.email}) for user in users]
        with ledger.injected("SQLite: disk full") as entry:
            issued = codes_issued()
            with a_full_disk(path_of(sqlite_url)):
                answers = [load.post(web.port, *call) for call in calls]
            assert {answer.status for answer in answers} <= {200, 503}
            refused = [answer for answer in answers if answer.status == 503]
            assert refused
            assert all(answer.body == UNAVAILABLE for answer in refused)
            assert all(answer.retry_after for answer in refused)
            assert codes_issued() - issued == len(answers) - len(refused) == counted() - issued
            again = load.post(web.port, *calls[answers.index(refused[0])])
            assert again.status == 200
            entry.recovered(again.seconds)
    assert "Traceback" not in web.log
    assert "exc_info" not in web.log


def test_held_writer_is_503_and_fails_closed(web: Server, sqlite_url: str, ledger: Ledger) -> None:
    user = records.make_user(sign_in_failures=2)
    calls = [
        ("login/", {"email": user.email, "password": "Wrong-Guess1"}),  # the one that would lock
        ("login/", {"email": user.email, "password": records.PASSWORD}),
        ("forget_password/", {"email": user.email}),
    ]
    with ledger.injected(f"SQLite: a writer held for {HELD} s") as entry:
        released_at = _ask_while_held(web, path_of(sqlite_url), calls)
        seen = records.read(user)
        assert (seen.sign_in_failures, seen.sign_in_locked_at, seen.last_code_requested_at) == (2, None, None)
        assert (records.activity(user), records.mails(user, "password_reset_code")) == ([], [])
        assert load.post(web.port, *calls[0]).status == 403
        entry.recovered(time.monotonic() - released_at)
        assert load.post(web.port, *calls[1]).status == 403
    assert "Traceback" not in web.log


def _ask_while_held(web: Server, path: str, calls: "list[tuple[str, dict[str, str]]]") -> float:
    """When the writer let go; until then nothing was answered but 503."""
    connections[ALIAS].close()
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with load.Load(web.port, calls, threads=len(calls)) as callers:
            processes.wait_until(lambda: len(callers.answers) >= len(calls), pause=0.01)
        assert callers.statuses().keys() == {503}
        assert all(answer.body.keys() in ({"error"}, {"detail"}) for answer in callers.answers)
        assert all(answer.retry_after for answer in callers.answers)
        time.sleep(max(HELD - (time.monotonic() - begun), 0))
        writer.execute("ROLLBACK")
    return time.monotonic()
