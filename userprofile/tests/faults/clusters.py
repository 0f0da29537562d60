"""A PostgreSQL server of the tests' own, which they may stop and kill."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config import tether
from userprofile.tests.faults import mail_sink, processes

SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=16MB")
FAST, CRASH = signal.SIGINT, signal.SIGQUIT  # PostgreSQL's own names for the ways to end it


class Cluster:
    def __init__(self, programs: Path, folder: Path, account: dict[str, Any]) -> None:
        self.port = mail_sink.free_port()
        self._programs, self._folder, self._account = programs, folder, account
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=3)

    def make(self) -> None:
        initdb = [str(self._programs / "initdb"), "-D", str(self._folder / "data"), "-A", "trust"]
        options = ["-U", "postgres", "--no-sync", "--encoding", "UTF8", "--locale", "C"]
        with (self._folder / "initdb.log").open("wb") as log:
            subprocess.run(
                [*initdb, *options], cwd=self._folder, stdout=log, stderr=log, check=True, **self._account
            )

    def start(self) -> None:
        """Returns when it takes connections."""
        parent, given = os.getpid(), [word for setting in SETTINGS for word in ("-c", setting)]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", "-p", str(self.port), *given],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: tether.tie_to_parent(parent=parent, ending=FAST),  # noqa: PLW1509  (one call to the kernel)
                **self._account,
            )
        processes.wait_until(self._answers, pause=0.02)

    def stop(self, ending: signal.Signals = FAST) -> None:
        if self._process is not None:
            self._process.send_signal(ending)
            self._process.wait(processes.PATIENCE)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def made() -> Iterator[Cluster]:
    """A server that runs; skipped where PostgreSQL's programs are not installed."""
    initdb = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or ([Path(initdb).parent] if initdb else [])
    if not found:
        pytest.skip("PostgreSQL's initdb and postgres are not installed")
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    cluster = Cluster(found[-1], folder, _account(folder))
    try:
        cluster.make()
        cluster.start()
        yield cluster
    finally:
        cluster.stop(CRASH)
        shutil.rmtree(folder)


def _account(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    postgres = pwd.getpwnam("postgres")
    os.chown(folder, postgres.pw_uid, postgres.pw_gid)
    return {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}
