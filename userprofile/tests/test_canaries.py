"""Secrets that must be seen nowhere are sent, and looked for wherever anybody can look."""

import io
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sentry_sdk
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter
from pytest_django import Settings
from pythonjsonlogger.json import JsonFormatter
from rest_framework.test import APIClient
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from application.models import Application
from config.sentry import start_reporting
from userprofile.mechanisms import delivery, otp
from userprofile.models import User

BASE = "/userprofile/"
PASSWORD, NEW_PASSWORD, WRONG = "Canary-Kite7", "Canary-Fjord8", "Canary-Wrong9"
CONFIGURED = {
    "EMAIL_HOST_PASSWORD": "canary-smtp-password",
    "METRICS_TOKEN": "canary-metrics-token",
    "SENTRY_DSN": "https://canary-dsn@sentry.example/1",
    "REDIS_URL": "redis://:canary-redis@host",
    "CELERY_BROKER_URL": "redis://:canary-redis@host",
    "DATABASE_URL": "postgresql://user:canary-database@host/name",
    "SECRET_KEY_FALLBACKS": ["canary-former-secret-key-0123456789-0123456789"],
}


@dataclass
class Watch:
    """The canaries, and each place that they were looked for in."""

    canaries: dict[str, str]
    answers: list[str] = field(default_factory=list)

    def assert_not_in(self, text: str, where: str) -> None:
        assert [name for name, canary in self.canaries.items() if canary in text] == [], where


def flat(value: Any) -> Iterator[str]:
    for part in value if isinstance(value, list) else [value]:
        found = re.search(r"canary[a-z0-9-]*", part)
        yield found[0] if found else part


@pytest.fixture
def watch(settings: Settings) -> Watch:
    settings.OTP_LENGTH = 10  # six digits stand in many a random number
    canaries = {"password": PASSWORD, "new password": NEW_PASSWORD, "wrong password": WRONG}
    canaries["secret_key"] = "canary-secret-key-of-an-application"
    canaries["SECRET_KEY"] = settings.SECRET_KEY
    canaries["JWT_SIGNING_KEY"] = settings.JWT_SIGNING_KEY
    for name, value in CONFIGURED.items():
        setattr(settings, name, value)
        canaries[name] = "".join(flat(value))
    return Watch(canaries)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger at DEBUG, the database's statements included."""
    loggers = [logging.getLogger(name) for name in ("", *logging.root.manager.loggerDict)]
    levels = {logger: logger.level for logger in loggers}
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    connection.force_debug_cursor = True
    yield caplog
    connection.force_debug_cursor = False
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.fixture
def story(watch: Watch, log: Any, make_user: Callable[..., User]) -> Watch:
    """A user does everything that secrets are needed for; every answer is kept."""
    user = make_user(password=PASSWORD)
    application = Application.objects.create(owner=user)
    client, canaries = APIClient(), watch.canaries

    def send(path: str, method: str = "post", **body: Any) -> Any:
        answer = getattr(client, method)(path, body, format="json")
        watch.answers.append(f"{path} {answer.content.decode()} {answer.headers}")
        return answer.json()

    def code(purpose: str) -> str:
        row = otp.newest(user=user, purpose=purpose)
        assert row is not None
        canaries[f"code {row.pk}"] = otp.digits(row)
        return otp.digits(row)

    def sign_in(password: str) -> None:
        tokens = send(f"{BASE}login/", email=user.email, password=password)
        for _ in range(2):
            canaries.update({f"{name} {len(canaries)}": token for name, token in tokens.items()})
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
            tokens = send(f"{BASE}token/refresh/", refresh_token=tokens["refresh_token"])
        canaries.update({f"{name} {len(canaries)}": token for name, token in tokens.items()})

    send(f"{BASE}login/", email=user.email, password=WRONG)
    sign_in(PASSWORD)
    send(f"{BASE}account_locked/", email=user.email, Password=PASSWORD)
    send(f"{BASE}Generate_OTP/", email=user.email)
    send(f"{BASE}Email-Validation/", email=user.email, otp=code(otp.EMAIL_VALIDATION))
    send(f"{BASE}User_update/{user.pk}/", "put", current_password=PASSWORD, first_name="Kim")
    send(f"/application/Application_update/{application.pk}/", "put", secret_key=canaries["secret_key"])
    send(f"/application/Application_update/{application.pk}/", "get")
    send(f"{BASE}forget_password/", email=user.email)
    new = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    send(f"{BASE}forget_password/", email=user.email, otp_entered="0000000000", **new)
    send(f"{BASE}forget_password/", email=user.email, otp_entered=code(otp.PASSWORD_RESET), **new)
    sign_in(NEW_PASSWORD)
    send(f"{BASE}user-activity/?email={user.email}", "get")
    send(f"{BASE}Resend_OTP/", email=user.email)
    assert code(otp.PASSWORD_RESET)
    delivery.deliver_due()
    send(f"{BASE}logout/")
    send(f"{BASE}account_locked/", email=user.email, Password=NEW_PASSWORD)
    canaries["session cookie"] = client.cookies["sessionid"].value
    assert '"message":"Password reset successfully"' in "".join(watch.answers)
    assert canaries[[name for name in canaries if name.startswith("code")][-1]] in mail.outbox[-1].body
    return watch


def test_no_answer_shows_a_secret(story: Watch) -> None:
    for answer in story.answers:
        gives_tokens = answer.startswith((f"{BASE}login/", f"{BASE}token/refresh/"))
        story.assert_not_in(re.sub(r'_token":"[^"]+"', "", answer) if gives_tokens else answer, answer[:40])


def test_no_log_record_shows_a_secret(story: Watch, log: pytest.LogCaptureFixture) -> None:
    records = log.get_records("setup")
    assert {"userprofile.request", "django.db.backends"} <= {record.name for record in records}
    for record in records:
        story.assert_not_in(f"{record.getMessage()} {vars(record)}", record.name)


def test_no_table_holds_a_secret(story: Watch) -> None:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            story.assert_not_in(str(cursor.fetchall()), table)
    assert {"userprofile_user", "userprofile_emailslogs", "django_session"} <= {*tables}


def test_no_admin_page_shows_a_secret(story: Watch, make_user: Callable[..., User]) -> None:
    browser, ahead = Client(), {"/admin/"}
    seen: set[str] = set()
    browser.force_login(make_user("root@example.com", is_staff=True, is_superuser=True))
    while ahead and len(seen) < 200:
        page = ahead.pop()
        html = browser.get(page).content.decode()
        seen.add(page)
        story.assert_not_in(html, page)
        links = {link.split("?")[0] for link in re.findall(r'href="(/admin/[^"#]*)"', html)}
        ahead |= links - seen - {"/admin/logout/"}
    for table in ("userprofile/user", "userprofile/emailslogs", "application/application"):
        assert any(re.fullmatch(rf"/admin/{table}/\d+/change/", page) for page in seen), table


# --- When something breaks --------------------------------------------------------------------


class Broken(Exception):
    pass


def broken(*args: Any, **kwargs: Any) -> Any:
    raise Broken("on purpose")


CRASHES: dict[str, tuple[str, dict[str, str]]] = {
    "userprofile.hashers.verify_password": (f"{BASE}login/", {"password": PASSWORD}),
    "userprofile.mechanisms.otp.judge": (
        f"{BASE}forget_password/",
        {"otp_entered": "7263514098", "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD},
    ),
    "userprofile.mechanisms.sessions._open_session": (
        f"{BASE}token/refresh/",
        {"refresh_token": "filled in"},
    ),
}


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What would go to Sentry."""
    sent: list[str] = []

    class Kept(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            body = io.BytesIO()
            envelope.serialize_into(body)
            sent.append(body.getvalue().decode())

    init = sentry_sdk.init
    monkeypatch.setattr(sentry_sdk, "init", lambda **options: init(transport=Kept, **options))
    start_reporting("https://key@sentry.example/1")
    yield sent
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("breaks", [*CRASHES])
def test_no_report_of_an_error_shows_a_secret(
    watch: Watch,
    user: User,
    events: list[str],
    log: pytest.LogCaptureFixture,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    sign_in: Callable[..., Any],
    breaks: str,
    debug: bool,
) -> None:
    path, body = CRASHES[breaks]
    settings.ADMINS, settings.DEBUG = [("Ada", "ada@example.com")], debug
    tokens = sign_in(user, "Violet-Kite7").tokens
    watch.canaries |= {**tokens, "code": "7263514098"}
    body = {name: tokens.get(name, value) for name, value in body.items()}
    monkeypatch.setattr(breaks, broken)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    client = Client(raise_request_exception=False, headers=headers)
    for content_type in (None, "application/json"):
        sent: dict[str, Any] = {} if content_type is None else {"content_type": content_type}
        answer = client.post(path, {"email": user.email, **body}, **sent)
        assert answer.status_code == 500, answer.content
        watch.assert_not_in(answer.content.decode() + str(answer.headers), "answer")
    records = [record for record in log.records if record.exc_info]
    assert len(records) >= 2
    handler, formatter = AdminEmailHandler(include_html=True), JsonFormatter("%(message)s")
    for record in records:
        watch.assert_not_in(formatter.format(record), "log line")
        handler.emit(record)
        reporter = ExceptionReporter(getattr(record, "request", None), *record.exc_info)  # type: ignore[misc]
        watch.assert_not_in(reporter.get_traceback_html(), "technical page")
        watch.assert_not_in(reporter.get_traceback_text(), "technical text")
    for message in mail.outbox:
        watch.assert_not_in(str(message.message()) + str(vars(message)), "error mail")
    assert len(mail.outbox) >= 2
    assert any("Broken" in event for event in events)
    for event in events:
        watch.assert_not_in(event, "Sentry")


def test_a_report_still_says_where_it_went_wrong(settings: Settings) -> None:
    with pytest.raises(Broken) as caught:
        broken(password=PASSWORD)
    report = ExceptionReporter(None, caught.type, caught.value, caught.tb).get_traceback_text()
    assert "on purpose" in report
    assert "test_canaries.py" in report
    assert PASSWORD not in report
