"""The files of deploy/: what can be known of them without a container engine."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import yaml
from django.conf import settings

from userprofile.tests.faults import clusters

FOLDER = settings.BASE_DIR / "deploy"
ROLE = FOLDER / "make-role.sh"


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]
    assert isinstance(found, dict)
    return found


def test_compose_has_every_part_and_two_webs(services: dict[str, dict[str, Any]]) -> None:
    assert list(services) == [
        "migrate",
        "web",
        "celery-worker",
        "celery-beat",
        "mail-worker",
        "postgres",
        "redis",
    ]
    assert services["web"]["deploy"] == {"replicas": 2}


@pytest.mark.parametrize("name", ["web", "celery-worker", "celery-beat", "mail-worker"])
def test_nothing_starts_before_what_it_needs_is_healthy(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    needed = {other: needs["condition"] for other, needs in services[name]["depends_on"].items()}
    assert needed == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "redis": "service_healthy",
    }
    for other in ("postgres", "redis"):
        assert services[other]["healthcheck"]["test"]


def test_nothing_is_published_but_the_webs_and_those_to_this_machine_alone(
    services: dict[str, dict[str, Any]],
) -> None:
    published = {name: part["ports"] for name, part in services.items() if "ports" in part}
    assert published == {"web": ["127.0.0.1:8000-8001:8000"]}


def test_compose_makes_the_services_role_and_connects_as_it(services: dict[str, dict[str, Any]]) -> None:
    postgres, web = services["postgres"], services["web"]
    assert f"./{ROLE.name}:/docker-entrypoint-initdb.d/{ROLE.name}:ro" in postgres["volumes"]
    assert postgres["environment"] == {
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "${POSTGRES_PASSWORD}",
    }
    assert web["environment"]["DATABASE_URL"].startswith("postgresql://userprofile:")
    assert os.access(ROLE, os.X_OK)


@pytest.mark.xdist_group("faults")
def test_the_service_owns_its_database_and_is_no_superuser() -> None:
    with clusters.made() as cluster:
        given = {"PGHOST": "127.0.0.1", "PGPORT": str(cluster.port)}
        given |= {"POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": "it's a secret"}
        with cluster.connect() as superuser:
            superuser.execute("ALTER ROLE postgres PASSWORD 'that the image sets'")
            subprocess.run([ROLE], env=os.environ | given, check=True)
            roles = superuser.execute(
                "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolpassword IS NOT NULL"
                " FROM pg_authid WHERE rolcanlogin ORDER BY rolname"
            ).fetchall()
        assert roles == [("postgres", True, True, True, False), ("userprofile", False, False, False, True)]
        own = cluster.url("userprofile").replace("//postgres@", "//userprofile@")
        with psycopg.connect(own, autocommit=True) as service:
            service.execute("CREATE TABLE made (number integer)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute("COPY made FROM PROGRAM 'echo 1'")


def test_procfile_and_compose_run_the_same_programs(services: dict[str, dict[str, Any]]) -> None:
    lines = (FOLDER / "Procfile").read_text("utf-8").splitlines()
    procfile = dict(line.split(": ", maxsplit=1) for line in lines)
    for part, service in {
        "release": "migrate",
        "mail": "mail-worker",
        "worker": "celery-worker",
        "beat": "celery-beat",
    }.items():
        first_words = procfile[part].split()[:4]
        assert services[service]["command"][: len(first_words)] == first_words
    assert procfile["web"] == "gunicorn"


def test_image_runs_as_nobody_in_particular_and_copies_what_exists() -> None:
    lines = (FOLDER / "Dockerfile").read_text("utf-8").splitlines()
    users = [number for number, line in enumerate(lines) if line.startswith("USER ")]
    command = next(number for number, line in enumerate(lines) if line.startswith("CMD "))
    assert [lines[number] for number in users] == ["USER userprofile"]
    assert users[0] < command
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (settings.BASE_DIR / source).exists()


class Live(http.server.BaseHTTPRequestHandler):
    """Answers as the service does: to a host that is allowed."""

    def do_GET(self) -> None:
        is_live = self.path == "/health/live" and self.headers["Host"] in ("localhost", "example.com")
        self.send_response(200 if is_live else 400)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def live_port() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), Live) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def check_health(port: int, allowed: str) -> int:
    environment = {**os.environ, "PORT": str(port), "ALLOWED_HOSTS": allowed}
    return subprocess.run([sys.executable, FOLDER / "health.py"], env=environment, check=False).returncode


@pytest.mark.parametrize("allowed", ["localhost", "example.com,localhost", ".example.com", "*"])
def test_health_check_asks_by_a_host_that_is_allowed(live_port: int, allowed: str) -> None:
    assert check_health(live_port, allowed) == 0


def test_health_check_fails_when_nobody_answers_well(live_port: int) -> None:
    assert check_health(live_port, "evil.example.net") == 1
    assert check_health(1, "localhost") == 1
