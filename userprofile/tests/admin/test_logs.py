"""The log of sign-ins and the outbox in the admin: read, never written, however long they are."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from userprofile.admin import logs
from userprofile.clock import now
from userprofile.mechanisms import delivery, otp
from userprofile.models import EmailsLogs, LoginActivity, User
from userprofile.tests.admin.conftest import messages_of

ACTIVITY = "/admin/userprofile/loginactivity/"
MAILS = "/admin/userprofile/emailslogs/"
NOT_ALL = "The others have not failed, or hold a code that opens nothing any more."


def attempt(email: str = "kim@example.com", **columns: Any) -> LoginActivity:
    return LoginActivity.objects.create(**{"email": email, "attempt_name": "login_failed", **columns})


def mail(user: User, **columns: Any) -> EmailsLogs:
    values = {"template": "password_changed", "to_email": user.email, "status": "failed", "attempts": 8}
    return EmailsLogs.objects.create(user=user, message_id=uuid.uuid4().hex, **{**values, **columns})


def found(browser: Client, path: str, **query: str) -> list[int]:
    response = browser.get(path, query)
    assert response.status_code == 200, response["Location"]
    return [row.pk for row in response.context["cl"].result_list]


def send_again(browser: Client, *mails: EmailsLogs) -> list[str]:
    chosen = {"action": "send_again", "_selected_action": [row.pk for row in mails]}
    return messages_of(browser.post(MAILS, chosen, follow=True))


@pytest.mark.parametrize("path", [ACTIVITY, MAILS])
class TestReadOnly:
    @pytest.fixture
    def row(self, path: str, user: User) -> LoginActivity | EmailsLogs:
        return attempt(user=user) if path == ACTIVITY else mail(user)

    def test_row_is_shown(self, path: str, row: Any, by_root: Client) -> None:
        response = by_root.get(f"{path}{row.pk}/change/")
        assert response.status_code == 200
        assert "kim@example.com" in response.content.decode()
        assert b'name="_save"' not in response.content

    @pytest.mark.parametrize("page", ["add/", "{}/change/", "{}/delete/"])
    def test_nothing_is_written(self, page: str, path: str, row: Any, by_root: Client) -> None:
        target = f"{path}{page.format(row.pk)}"
        assert by_root.post(target, {"email": "x@example.com", "post": "yes"}).status_code == 403
        assert type(row).objects.values().get() == type(row).objects.filter(pk=row.pk).values().get()

    def test_rows_are_not_deleted_by_an_action(self, path: str, row: Any, by_root: Client) -> None:
        form = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        by_root.post(path, form)
        assert type(row).objects.filter(pk=row.pk).exists()

    def test_newest_stand_first_a_page_at_a_time(
        self, path: str, row: Any, by_root: Client, user: User
    ) -> None:
        rows = [row, *(attempt() if path == ACTIVITY else mail(user) for _ in range(50))]
        newest_first = [each.pk for each in reversed(rows)]
        assert found(by_root, path) == newest_first[:50]
        assert found(by_root, path, p="2") == newest_first[50:]

    def test_no_more_rows_are_counted_than_are_shown(
        self, path: str, row: Any, by_root: Client, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logs, "MOST_ROWS", 60)
        for _ in range(65):
            attempt() if path == ACTIVITY else mail(user)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            listed = by_root.get(path, {"p": "2"}).context["cl"]
        assert (listed.result_count, len(listed.result_list)) == (60, 10)
        counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
        assert len(counts) == 1
        assert "LIMIT 60" in counts[0]

    def test_list_reads_no_row_by_row(
        self, path: str, row: Any, by_root: Client, user: User, django_assert_num_queries: Any
    ) -> None:
        for _ in range(3):
            attempt(user=user) if path == ACTIVITY else mail(user)
        with django_assert_num_queries(4):  # the session, its user, the count, the rows
            by_root.get(path)

    def test_rows_of_a_user_are_linked_from_the_user(
        self, path: str, row: Any, by_root: Client, user: User, root: User
    ) -> None:
        attempt(user=root) if path == ACTIVITY else mail(root)
        link = f"{path}?user__id__exact={user.pk}"
        assert f'href="{link}"' in by_root.get(f"/admin/userprofile/user/{user.pk}/change/").content.decode()
        assert found(by_root, link) == [row.pk]


class TestActivity:
    def test_filter_by_outcome(self, by_root: Client) -> None:
        attempt()
        locked = attempt(attempt_name="login_locked")
        assert found(by_root, ACTIVITY, attempt_name__exact="login_locked") == [locked.pk]

    def test_filter_by_date(self, by_root: Client) -> None:
        recent = attempt()
        attempt(created_at=now() - timedelta(days=40))
        since = (now() - timedelta(days=7)).strftime("%Y-%m-%d %H:%M:%S+00:00")
        assert found(by_root, ACTIVITY, created_at__gte=since) == [recent.pk]

    @pytest.mark.parametrize("term", ["kim@example.com", " KIM@Example.com "])
    def test_search_by_address_finds_the_accounts_rows(self, term: str, by_root: Client, user: User) -> None:
        own = attempt("the-old-address@example.com", user=user)
        attempt("other@example.com")
        assert found(by_root, ACTIVITY, q=term) == [own.pk]

    def test_search_by_an_address_that_nobody_has(self, by_root: Client) -> None:
        unknown = attempt("nobody@example.com")
        attempt("other@example.com")
        assert found(by_root, ACTIVITY, q="NOBODY@example.com") == [unknown.pk]

    @pytest.mark.parametrize(
        ("stored", "term"), [("192.0.2.9", "192.0.2.9"), ("2001:db8::9", "2001:0DB8:0::9")]
    )
    def test_search_by_ip_address(self, stored: str, term: str, by_root: Client) -> None:
        row = attempt(ip_address=stored)
        attempt(ip_address="192.0.2.10")
        assert found(by_root, ACTIVITY, q=term) == [row.pk]


class TestMails:
    def test_filter_by_status_and_template(self, by_root: Client, user: User) -> None:
        failed, sent = mail(user), mail(user, status="sent", template="account_locked")
        assert found(by_root, MAILS, status__exact="failed") == [failed.pk]
        assert found(by_root, MAILS, template__exact="account_locked") == [sent.pk]

    def test_search_by_address(self, by_root: Client, user: User, root: User) -> None:
        own, old = mail(user), mail(root, to_email="old@example.com")
        assert found(by_root, MAILS, q="KIM@example.com") == [own.pk]
        assert found(by_root, MAILS, q="OLD@example.com") == [old.pk]

    @pytest.mark.parametrize("column", ["nonce", "key_id", "context"])
    def test_what_is_not_shown_is_not_filtered_by(self, column: str, by_root: Client, user: User) -> None:
        code = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
        query = {f"{column}__startswith": str(getattr(code, column))[:1]}
        assert by_root.get(MAILS, query).status_code == 400

    def test_page_says_what_became_of_a_code(
        self, clock: Any, by_root: Client, user: User, settings: LazySettings
    ) -> None:
        code = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())

        def says(row: EmailsLogs) -> str:
            shown = by_root.get(f"{MAILS}{row.pk}/change/").context["adminform"]
            fields = {field.field["name"]: field for part in shown for line in part for field in line}
            return str(fields["code"].contents())

        assert says(code) == "live"
        assert says(mail(user)) == "This mail holds none."
        EmailsLogs.objects.filter(pk=code.pk).update(used_at=now())
        assert says(code) == "used"
        EmailsLogs.objects.filter(pk=code.pk).update(used_at=None, voided_at=now())
        assert says(code) == "replaced by a newer one, or void"
        EmailsLogs.objects.filter(pk=code.pk).update(voided_at=None)
        clock.shift(settings.OTP_LIFETIME)
        assert says(code) == "expired"


class TestSendAgain:
    def test_failed_mail_is_queued_and_sent(
        self, by_root: Client, root: User, user: User, mailoutbox: list[Any]
    ) -> None:
        row = mail(user, last_error="SMTPDataError 550")
        assert send_again(by_root, row) == ["1 of 1 queued to be sent again."]
        row.refresh_from_db()
        assert (row.status, row.attempts, row.last_error) == ("queued", 0, "")
        entry = LogEntry.objects.get()
        assert (entry.user, entry.object_id) == (root, str(row.pk))
        assert entry.get_change_message() == "Queued to be sent again."
        assert delivery.deliver_due() == 1
        assert [message.to for message in mailoutbox] == [[user.email]]

    def test_mail_that_has_not_failed_is_left_alone(self, by_root: Client, user: User) -> None:
        rows = [mail(user, status=status) for status in EmailsLogs.Status.values if status != "failed"]
        assert send_again(by_root, *rows) == ["0 of 5 queued to be sent again.", NOT_ALL]
        assert [row.status for row in EmailsLogs.objects.order_by("id")] == [row.status for row in rows]
        assert not LogEntry.objects.exists()

    def test_code_that_is_dead_is_not_sent(
        self, clock: Any, by_root: Client, user: User, settings: LazySettings
    ) -> None:
        code = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
        EmailsLogs.objects.filter(pk=code.pk).update(status="failed")
        clock.shift(settings.OTP_LIFETIME)
        assert send_again(by_root, code) == ["0 of 1 queued to be sent again.", NOT_ALL]
