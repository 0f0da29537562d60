"""Redis flushed, hanging and gone: locks and caps hold, nothing is a 500, and no request waits for it."""

import os
import signal
import statistics
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from userprofile.tests.faults import load, mail_sink, processes
from userprofile.tests.faults.ledger import Ledger
from userprofile.tests.races import records, server

pytestmark = pytest.mark.xdist_group("faults")

REDIS = "/usr/bin/redis-server"
UNNOTICED = 0.5  # seconds; a request that waited for Redis would wait a second for the connection


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[int, processes.Process]]:
    if not Path(REDIS).exists():
        pytest.skip("redis-server is not installed")
    port = mail_sink.free_port()
    where = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path))
    log = tmp_path / "redis.log"
    with processes.running(REDIS, *where, "--save", "", "--appendonly", "no", log=log) as process:
        processes.wait_until(lambda: "Ready to accept connections" in log.read_text())
        yield port, process


def flush(port: int, process: processes.Process) -> None:
    subprocess.run(["redis-cli", "-p", str(port), "flushall"], check=True, capture_output=True)


def hang(port: int, process: processes.Process) -> None:
    os.kill(process.pid, signal.SIGSTOP)


def end(port: int, process: processes.Process) -> None:
    processes.kill(process)


FAULTS: dict[str, Callable[[int, processes.Process], None]] = {"flushed": flush, "hanging": hang, "gone": end}


def middle_of(port: int) -> float:
    """Seconds of a request that hurries a mail through the broker."""
    email = records.make_user().email
    answers = [load.post(port, "Generate_OTP/", {"email": email}) for _ in range(15)]
    assert {answer.status for answer in answers} == {200}
    return statistics.median(answer.seconds for answer in answers)


def test_redis_guards_nothing(
    redis: tuple[int, processes.Process], sqlite_url: str, folder: Path, ledger: Ledger
) -> None:
    variables = {"REDIS_URL": f"redis://127.0.0.1:{redis[0]}/0", "THROTTLES": "off"}
    with server.running(database_url=sqlite_url, folder=folder, **variables) as web:
        usual = middle_of(web.port)
        for name, inject in FAULTS.items():
            guesser, asker = records.make_user().email, records.make_user().email
            with ledger.injected(f"Redis {name}") as entry:
                guess = {"email": guesser, "password": "Wrong-Guess1"}
                first = load.post(web.port, "login/", guess).status
                inject(*redis)
                statuses = [load.post(web.port, "login/", guess).status for _ in range(2)]
                right = load.post(web.port, "login/", {**guess, "password": records.PASSWORD}).status
                assert [first, *statuses, right] == [401, 401, 403, 403]
                asked = [load.post(web.port, "forget_password/", {"email": asker}).status for _ in range(7)]
                assert asked == [200] * (1 + settings.OTP_MAX_RESENDS) + [403]
                meanwhile = middle_of(web.port)
                assert meanwhile < usual + UNNOTICED
                entry.recovered(meanwhile)
        assert '"level": "ERROR"' not in web.log
        assert "Traceback" not in web.log
