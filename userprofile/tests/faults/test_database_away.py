"""PostgreSQL restarted under load: 503 while it is away, and well again without anybody's help."""

import json
import signal
import time
from pathlib import Path

import pytest
from django.db import connections

from userprofile.models import EmailsLogs
from userprofile.tests.faults import load, processes
from userprofile.tests.faults.clusters import CRASH, FAST, Cluster
from userprofile.tests.faults.ledger import Ledger
from userprofile.tests.races import records, server
from userprofile.tests.races.databases import ALIAS
from userprofile.tests.races.server import Server

pytestmark = pytest.mark.xdist_group("faults")

BACK_WITHIN = 5
AWAY = 1.0
UNAVAILABLE = {"error": "The service is unavailable for a moment. Try again."}


def codes_issued() -> int:
    return EmailsLogs.objects.using(ALIAS).filter(template="email_validation_code").count()


@pytest.mark.parametrize("ending", [FAST, CRASH], ids=["shut down", "crashed"])
def test_restarted_database_costs_503s_alone(
    ending: signal.Signals,
    cluster: Cluster,
    postgresql_url: str,
    folder: Path,
    rounds: range,
    ledger: Ledger,
) -> None:
    fault, refused = f"PostgreSQL {'shut down' if ending == FAST else 'crashed'}, started again", 0
    with server.running(database_url=postgresql_url, folder=folder, THROTTLES="off") as web:
        for _ in rounds:
            with ledger.injected(fault) as entry:
                issued = codes_issued()
                callers, recovery = _restart_under_load(web, cluster, ending)
                _judge(callers, codes_issued() - issued)
                refused += callers.statuses()[503]
                entry.recovered(recovery)
        assert web.process.poll() is None
        _judge_log(web, refused)


def _restart_under_load(web: Server, cluster: Cluster, ending: signal.Signals) -> tuple[load.Load, float]:
    """The callers' answers; after how many seconds of the database's return all was well."""
    users = [records.make_user() for _ in range(load.THREADS)]
    with load.Load(web.port, [("Generate_OTP/", {"email": user.email}) for user in users]) as callers:
        processes.wait_until(lambda: callers.statuses()[200] > load.THREADS, pause=0.01)
        connections[ALIAS].close()
        cluster.stop(ending)
        time.sleep(AWAY)
        cluster.start()
        back_at = time.monotonic()
        processes.wait_until(callers.goes_well_since(back_at), patience=BACK_WITHIN, pause=0.01)
        return callers, time.monotonic() - back_at


def _judge(callers: load.Load, issued: int) -> None:
    statuses = callers.statuses()
    assert set(statuses) == {200, 503}
    refused = [answer for answer in callers.answers if answer.status == 503]
    assert all(answer.body == UNAVAILABLE for answer in refused)
    assert all(answer.retry_after and int(answer.retry_after) > 0 for answer in refused)
    # What was said to be done is done; of a COMMIT that got no answer nobody can tell.
    assert statuses[200] <= issued <= statuses[200] + load.THREADS


def _judge_log(web: Server, refused: int) -> None:
    """A refused request leaves its line and one that says why; no traceback."""
    lines = [json.loads(line) for line in web.log.splitlines() if line.startswith("{")]
    assert not [line for line in lines if "exc_info" in line]
    assert "Traceback" not in web.log
    complaints = [line for line in lines if line["level"] in ("ERROR", "CRITICAL")]
    assert len(complaints) <= refused + 4
