"""The README's walk through every endpoint, run as a newcomer would: each answer is as printed."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PRINTED = "http://127.0.0.1:8000"


def walk() -> list[tuple[str, str]]:
    """(command, printed answer) in the README's order; "" where no answer is printed."""
    blocks = re.findall(r"```console\n(.*?)```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.S)
    steps = re.split(r"^\$ ", "".join(blocks), flags=re.M)[1:]
    return [(command, answer.strip()) for command, _, answer in (step.partition("\n") for step in steps)]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The service as `make run` serves it, with the demo accounts, on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "DEBUG": "on",
        "DATABASE_URL": f"sqlite:///{tmp_path}/walk.sqlite3",
        "EMAIL_URL": f"file:///{tmp_path}/mails",
        "PORT": str(port),
    }
    for command in (["migrate", "--verbosity", "0"], ["load_demo_data"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=PROJECT, env=environment, check=True)
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen([sys.executable, "-m", "gunicorn"], cwd=PROJECT, env=environment, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/health/ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)
        log.close()


def wait_for(address: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(address, timeout=1)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"{address} does not answer")


def test_every_answer_in_the_walk_is_the_one_that_comes(served: str, tmp_path: Path) -> None:
    """One shell runs all of it, since later commands use what earlier ones have set."""
    steps = walk()
    script = "\n".join(f"{command}\necho; echo '=====' " for command, _ in steps)
    run = subprocess.run(
        ["bash", "-u", "-c", script.replace(PRINTED, served)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answers = [answer.strip() for answer in run.stdout.split("=====")][: len(steps)]
    assert len(steps) > 25
    for (command, printed), answer in zip(steps, answers, strict=True):
        assert re.fullmatch(re.escape(printed).replace("…", ".+"), answer), f"{command}\n{answer}"


def test_every_file_the_readme_names_is_there() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    links = set(re.findall(r"\]\(([^)#:]+)\)", text))
    tests = {f"userprofile/tests/{name}" for name in re.findall(r"`((?:api|rules)/test_\w+\.py)`", text)}
    assert [name for name in sorted(links | tests) if not (PROJECT / name).exists()] == []
