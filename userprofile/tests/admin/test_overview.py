"""The admin's first page: figures that are true, and charts that everybody can read."""

import uuid
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from userprofile.admin_site.charts import BOTTOM, TOP, Chart, stacked_columns
from userprofile.clock import now
from userprofile.models import EmailsLogs, LoginActivity, User

START = now().date()


def overview(browser: Client) -> Any:
    return browser.get("/admin/").context["overview"]


def figures(browser: Client) -> dict[str, str]:
    return {figure.label: figure.value for figure in overview(browser).figures}


def last_row(chart: Chart) -> dict[str, int]:
    return dict(zip(chart.legend, chart.rows[-1][1], strict=True))


def mail(user: User, status: str, **columns: Any) -> None:
    values = {"template": "password_changed", "to_email": user.email, "message_id": uuid.uuid4().hex}
    EmailsLogs.objects.create(user=user, status=status, **{**values, **columns})


def test_figures_count_what_is_shut_and_waiting(
    clock: Any, by_root: Client, user: User, staff: User, settings: LazySettings
) -> None:
    nothing = {"locked now": "0", "blocked now": "0", "mails waiting": "0", "oldest unsent": "none"}
    assert figures(by_root) == nothing
    settings.LOCK_DURATION = timedelta(seconds=900)
    User.objects.filter(pk=user.pk).update(sign_in_locked_at=now(), reset_locked_at=now(), blocked_at=now())
    User.objects.filter(pk=staff.pk).update(sign_in_locked_at=now() - settings.LOCK_DURATION)
    mail(user, "queued")
    mail(user, "sending")
    for status in ("sent", "failed", "expired", "replaced"):
        mail(user, status)
    clock.shift(75)
    shut = {"locked now": "1", "blocked now": "1", "mails waiting": "2", "oldest unsent": "0:01:15"}
    assert figures(by_root) == shut


def test_figures_lead_to_the_rows_they_count(by_root: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(blocked_at=now())
    mail(user, "queued")
    mail(user, "sent")
    html = by_root.get("/admin/").content.decode()
    assert 'href="/admin/userprofile/user/?state=blocked"' in html
    for figure in overview(by_root).figures:
        listed = by_root.get(f"{reverse(figure.list_name)}?{figure.query}").context["cl"]
        expected = {"blocked now": 1, "mails waiting": 1, "oldest unsent": 1}
        assert listed.result_count == expected.get(figure.label, 0), figure


def test_sign_ins_are_counted_by_day_and_outcome(clock: Any, by_root: Client, user: User) -> None:
    ages = {"login_success": [0, 0, 13], "login_failed": [0], "login_locked": [0, 14], "logout": [0]}
    for name, days in ages.items():
        for age in days:
            created_at = now() - timedelta(days=age)
            LoginActivity.objects.create(email="x", attempt_name=name, created_at=created_at)
    sign_ins = overview(by_root).charts[0]
    assert len(sign_ins.rows) == 14
    assert last_row(sign_ins) == {"succeeded": 2, "failed": 1, "refused by a lock": 1}
    assert sign_ins.rows[0] == (now().date() - timedelta(days=13), [1, 0, 0])
    assert sign_ins.description == "The last 14 days: 3 succeeded, 1 failed, 1 refused by a lock."


def test_days_are_those_of_the_services_time_zone(
    clock: Any, by_root: Client, settings: LazySettings
) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"  # 14 March, 18:26
    late, early = now().replace(day=13, hour=14), now().replace(day=13, hour=16)
    earliest = now().replace(month=2, day=28, hour=16)
    for created_at in (late, early, earliest):
        LoginActivity.objects.create(email="x", attempt_name="login_failed", created_at=created_at)
    days = {str(day): counts[1] for day, counts in overview(by_root).charts[0].rows}
    assert [day for day, number in days.items() if number] == ["2026-03-01", "2026-03-13", "2026-03-14"]


def test_mails_are_counted_by_status(by_root: Client, user: User) -> None:
    for status in EmailsLogs.Status.values:
        mail(user, status)
    expected = {"sent": 1, "waiting": 2, "failed": 1, "expired or replaced": 2}
    assert last_row(overview(by_root).charts[1]) == expected


def test_each_chart_costs_one_statement_and_reads_the_index_on_created_at(by_root: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        by_root.get("/admin/")
    statements = [query["sql"] for query in queries if "GROUP BY" in query["sql"]]
    assert len(statements) == 2
    if connection.vendor == "sqlite":  # PostgreSQL reads a table this small from end to end
        for statement, index in zip(statements, ("activity_created", "emails_created"), strict=True):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
                assert any(f"INDEX {index} " in row[3] for row in cursor.fetchall())


def test_charts_carry_a_title_a_description_and_a_table(by_root: Client) -> None:
    LoginActivity.objects.create(email="x", attempt_name="login_failed")
    html = by_root.get("/admin/").content.decode()
    start = html.index('<svg viewBox="0 0 440')
    drawn = html[start : html.index("</svg>", start) + len("</svg>")]
    svg = ElementTree.fromstring(drawn)
    labelled = str(svg.get("aria-labelledby")).split()
    texts = {element.get("id"): element.text for element in svg.iter() if element.get("id")}
    assert svg.get("role") == "img"
    assert [texts[name] for name in labelled] == [
        "Sign-ins by outcome",
        "The last 14 days: 0 succeeded, 1 failed, 0 refused by a lock.",
    ]
    assert '<th scope="row">' in html


class TestColumns:
    def draw(self, *counts: int) -> Chart:
        days = [START + timedelta(days=number) for number in range(len(counts))]
        return stacked_columns(name="x", title="X", days=days, series={"x": [*counts], "y": [*counts]})

    def test_stack_stands_on_the_axis_and_reaches_its_sum(self) -> None:
        chart = self.draw(10)
        lower, upper = chart.bars
        assert lower.y + lower.height == BOTTOM
        assert upper.y + upper.height == lower.y
        assert upper.y == TOP
        assert (lower.series, upper.series) == (0, 1)
        assert upper.says == f"{START:%d %b}: 10 y"

    @pytest.mark.parametrize(
        ("largest", "levels"),
        [(0, ["0", "1", "2"]), (1, ["0", "1", "2"]), (3, ["0", "5", "10"]), (600, ["0", "1,000", "2,000"])],
    )
    def test_axis_ends_at_a_round_number(self, largest: int, levels: list[str]) -> None:
        assert [level.says for level in self.draw(largest).levels] == levels

    def test_nothing_is_drawn_for_nothing(self) -> None:
        assert self.draw(0, 0).bars == []
