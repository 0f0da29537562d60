"""Web processes told to end lose no request; killed at any moment they leave nothing half done."""

import random
import signal
import time
from pathlib import Path

import pytest

from userprofile.models import EmailsLogs
from userprofile.tests.faults import load, processes
from userprofile.tests.faults.ledger import Ledger
from userprofile.tests.races import records, server
from userprofile.tests.races.databases import ALIAS

pytestmark = pytest.mark.xdist_group("faults")


def test_sigterm_loses_no_request(sqlite_url: str, folder: Path, rounds: range, ledger: Ledger) -> None:
    users = [records.make_user() for _ in range(load.THREADS)]
    calls = [("Generate_OTP/", {"email": user.email}) for user in users]
    codes = EmailsLogs.objects.using(ALIAS).filter(template="email_validation_code")
    for _ in rounds:
        issued = codes.count()
        with (
            server.running(database_url=sqlite_url, folder=folder, THROTTLES="off") as web,
            ledger.injected("SIGTERM during requests") as entry,
        ):
            with load.Load(web.port, calls) as callers:
                processes.wait_until(lambda: callers.statuses()[200] > 2 * load.THREADS, pause=0.01)
                web.process.send_signal(signal.SIGTERM)
                took = processes.wait_until(lambda: web.process.poll() is not None, pause=0.01)
            assert web.process.returncode == 0
            assert set(callers.statuses()) == {200, load.NO_ANSWER}  # the latter once nobody listens
            assert codes.count() - issued == callers.statuses()[200]
            assert web.complaints() == []
            entry.recovered(took)


def test_web_killed_at_any_moment_on_sqlite(
    sqlite_url: str, folder: Path, rounds: range, ledger: Ledger
) -> None:
    users = [records.make_user() for _ in range(load.THREADS)]
    calls = [("Generate_OTP/", {"email": user.email}) for user in users]
    codes = EmailsLogs.objects.using(ALIAS).filter(template="email_validation_code")
    with server.running(database_url=sqlite_url, folder=folder, THROTTLES="off") as web:
        for _ in rounds:
            issued, live = codes.count(), codes.filter(voided_at=None, user__in=users)
            with ledger.injected("SQLite: web killed at any moment") as entry:
                with load.Load(web.port, calls) as callers:
                    enough = load.THREADS + random.randrange(load.THREADS)
                    processes.wait_until(lambda: callers.statuses()[200] > enough, pause=0.001)  # noqa: B023
                    killed_at = time.monotonic()
                    web.kill_workers()
                    entry.recovered(processes.wait_until(callers.goes_well_since(killed_at), pause=0.01))
                statuses = callers.statuses()
                assert set(statuses) <= {200, load.NO_ANSWER}
                assert 0 <= codes.count() - issued - statuses[200] <= statuses[load.NO_ANSWER]
                assert live.count() == len(users)  # one code of each is live, the newest
