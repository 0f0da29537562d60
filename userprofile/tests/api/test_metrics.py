"""/metrics: what operators watch, for who knows METRICS_TOKEN."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.clock import now
from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, User
from userprofile.tests.faults import load, processes
from userprofile.tests.races import databases, server

pytest.importorskip("prometheus_client")
pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "only-for-prometheus"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def values(text: str) -> dict[str, float]:
    """Each sample of ours, by its name with labels."""
    found = re.findall(r"^(userprofile_\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found if "_created" not in name}


def growth(client: Client, act: Callable[[], Any]) -> dict[str, float]:
    """By how much each value grows while `act` is done; what stays as it is left out."""
    before = values(client.get("/metrics", headers=HEADERS).content.decode())
    act()
    after = values(client.get("/metrics", headers=HEADERS).content.decode())
    changes = {name: value - before.get(name, 0) for name, value in after.items()}
    return {name: change for name, change in changes.items() if change}


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer \xe9"]
)
def test_metrics_are_for_who_knows_the_token(authorization: str, client: Client) -> None:
    response = client.get("/metrics", headers={"authorization": authorization})
    assert (response.status_code, response.json()) == (404, {"error": "Not found."})
    assert client.get("/metrics", headers=HEADERS).status_code == 200


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer", ""])
def test_without_a_token_there_are_no_metrics(authorization: str, client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    response = client.get("/metrics", headers={"authorization": authorization})
    assert (response.status_code, response.json()) == (404, {"error": "Not found."})


def test_sign_ins_are_counted_by_outcome_and_locks_by_kind(
    client: Client, api: APIClient, user: User, password: str, settings: Settings
) -> None:
    def act() -> None:
        for word in (password, *["Wrong-Guess1"] * (settings.LOGIN_MAX_FAILURES + 1)):
            api.post("/userprofile/login/", {"email": user.email, "password": word})

    assert growth(client, act) == {
        'userprofile_sign_ins_total{outcome="login_success"}': 1,
        'userprofile_sign_ins_total{outcome="login_failed"}': settings.LOGIN_MAX_FAILURES - 1,
        'userprofile_sign_ins_total{outcome="login_locked"}': 2,
        'userprofile_locks_total{kind="sign_in"}': 1,
        "userprofile_mail_queue_depth": 1,
    }


def test_codes_and_blocks_are_counted_and_the_queue_measured(
    client: Client, api: APIClient, user: User, settings: Settings, clock: Any
) -> None:
    sent = 1 + settings.OTP_MAX_RESENDS

    def act() -> None:
        for _ in range(sent + 1):
            api.post("/userprofile/Resend_OTP/", {"email": user.email})
        api.post("/userprofile/Generate_OTP/", {"email": user.email})
        clock.shift(90)

    assert growth(client, act) == {
        'userprofile_codes_total{purpose="password_reset_code"}': sent,
        'userprofile_codes_total{purpose="email_validation_code"}': 1,
        "userprofile_blocks_total": 1,
        "userprofile_mail_queue_depth": EmailsLogs.objects.filter(status="queued").count(),
        "userprofile_mail_queue_age_seconds": 90,
    }


def test_what_is_rolled_back_is_not_counted(client: Client, user: User) -> None:
    def act() -> None:
        with transaction.atomic():
            otp.issue(user=user, purpose=otp.EMAIL_VALIDATION, at=now())
            transaction.set_rollback(True)

    assert growth(client, act) == {}


def test_reset_lock_has_a_kind_of_its_own(
    client: Client, api: APIClient, user: User, wrong_code_for: Callable[..., str], new_password: str
) -> None:
    api.post("/userprofile/forget_password/", {"email": user.email})
    body = {"email": user.email, "otp_entered": wrong_code_for(user)}
    body |= {"new_password": new_password, "confirm_password": new_password}

    def act() -> None:
        for _ in range(4):
            api.post("/userprofile/forget_password/", body)

    counted = growth(client, act)
    assert counted.pop("userprofile_mail_queue_depth") == 1
    assert counted.pop("userprofile_mail_queue_age_seconds", 0) < 60
    assert counted == {'userprofile_locks_total{kind="reset"}': 1}


@pytest.mark.xdist_group("faults")
def test_processes_are_counted_together_and_a_dead_ones_counts_stay(tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    counts.mkdir()
    variables = {"METRICS_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(counts), "THROTTLES": "off"}
    guess = {"email": "nobody@example.com", "password": "Wrong-Guess1"}
    with databases.empty("sqlite", tmp_path) as url:
        databases.migrate(url)
        with server.running(database_url=url, folder=tmp_path, **variables) as web:
            with load.Load(web.port, [("login/", guess)]) as callers:
                processes.wait_until(lambda: callers.statuses()[401] >= 12)
            web.kill_workers()
            load.post(web.port, "login/", guess)
            text = web.get("/metrics", Authorization=f"Bearer {TOKEN}").body
            assert len({path.name for path in counts.glob("counter_*")}) > 1
    asked = callers.statuses()[401] + 1
    assert sum(value for name, value in values(text).items() if "sign_ins" in name) == asked
