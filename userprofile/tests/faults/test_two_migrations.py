"""Two `migrate` at once on an empty database: one waits for the other, and both end well."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import PROJECT_FOLDER
from userprofile.tests.races import databases

PATIENCE = 120


def migrate(url: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "DATABASE_URL": url}
    command = [sys.executable, "manage.py", "migrate", "--no-color"]
    out, err = subprocess.PIPE, subprocess.STDOUT
    return subprocess.Popen(command, cwd=PROJECT_FOLDER, env=environment, text=True, stdout=out, stderr=err)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_migrations_at_once_both_end_well(kind: str, tmp_path: Path) -> None:
    with databases.empty(kind, tmp_path) as url:
        both = [migrate(url), migrate(url)]
        outputs = [process.communicate(timeout=PATIENCE)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted("No migrations to apply." in output for output in outputs) == [False, True]
