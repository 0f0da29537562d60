"""/, /docs/, /api/schema/, /health/live and /health/ready."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from userprofile.mechanisms import outbox
from userprofile.models import User
from userprofile.tests.api.doors import DOORS, ID, Door

pytestmark = pytest.mark.django_db

LINKS = {
    "documentation": "/docs/",
    "schema": "/api/schema/",
    "health": {"live": "/health/live", "ready": "/health/ready"},
}
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ANYWHERE = re.compile(r"""(?:src|href|action)\s*=\s*["']([^"']+)["']""")


def text_of(client: Client, address: str) -> str:
    """A page, or a static file, which is sent in pieces."""
    response: Any = client.get(address, headers=HTML)
    assert response.status_code in (200, 302), address
    return str(response.getvalue(), "utf-8", "ignore")


def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.get("/api/schema/").content)
    return found


# --- / ----------------------------------------------------------------------------------------


def test_index_names_the_service_and_links_to_the_rest(client: Client) -> None:
    response = client.get("/")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == {"service": "Userprofile: account security", "links": LINKS}


def test_index_is_a_page_for_a_browser(client: Client) -> None:
    response = client.get("/", headers=HTML)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    page = response.content.decode()
    assert "Userprofile: account security" in page
    linked = {"/docs/", "/api/schema/", "/health/live", "/health/ready"}
    assert linked <= set(ANYWHERE.findall(page))
    assert "Admin" not in page


@pytest.mark.parametrize("path", ["/", "/docs/"])
def test_page_loads_nothing_from_elsewhere_and_all_it_names_is_there(path: str, client: Client) -> None:
    page = client.get(path, headers=HTML).content.decode()
    addresses = set(ANYWHERE.findall(page))
    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        text_of(client, address)


@pytest.mark.parametrize("headers", [{}, HTML])
def test_where_the_admin_is_stands_on_the_index_in_debug_alone(
    headers: dict[str, str], client: Client, settings: Settings
) -> None:
    settings.ADMIN_PATH = "staff-only/"
    assert "staff-only" not in client.get("/", headers=headers).content.decode()
    settings.DEBUG = True
    page = client.get("/", headers=headers).content.decode()
    links = ANYWHERE.findall(page) if headers else json.loads(page)["links"].values()
    assert "/staff-only/" in links


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("index", "/"),
        ("docs", "/docs/"),
        ("schema", "/api/schema/"),
        ("health_live", "/health/live"),
        ("health_ready", "/health/ready"),
    ],
)
def test_pages_have_their_names(name: str, path: str, client: Client) -> None:
    assert reverse(name) == path
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs/", "/api/schema/", "/health/live", "/health/ready"])
def test_pages_ignore_the_authorization_header(path: str, client: Client) -> None:
    for authorization in ("Bearer stale", "Bearer", "Basic x"):
        assert client.get(path, headers={"authorization": authorization}).status_code == 200


# --- /docs/ -----------------------------------------------------------------------------------


def test_docs_are_swagger_ui(client: Client) -> None:
    response = client.get("/docs/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    page = response.content.decode()
    assert "swagger-ui-bundle.js" in page
    assert client.get("/docs").status_code == 200


def test_docs_load_nothing_from_the_internet(client: Client) -> None:
    """The scripts too: a sidecar's bundle, and our own lines that point it at the schema."""
    page = text_of(client, "/docs/")
    scripts = [address for address in re.findall(r'src="([^"]+)"', page) if "swagger-ui-" not in address]
    own = [text_of(client, address) for address in scripts]
    assert not [text for text in (page, *own) if re.search(r"""["'(]https?://(?!www\.w3\.org)""", text)]
    assert any("/api/schema/" in text for text in own)


# --- /api/schema/ -----------------------------------------------------------------------------


def test_document_is_json(client: Client) -> None:
    response = client.get("/api/schema/")
    assert response.headers["Content-Type"] == "application/json"
    assert document(client)["openapi"].startswith("3.")
    assert document(client)["info"]["title"] == "Userprofile: account security"


def templated(door: Door) -> str:
    name = "user_id" if "User_update" in door.path else "application_id"
    return door.path.replace(str(ID), f"{{{name}}}")


def test_document_lists_the_canonical_paths_alone(client: Client) -> None:
    assert set(document(client)["paths"]) == {templated(door) for door in DOORS}


def test_document_lists_every_method_and_whether_it_needs_a_token(client: Client) -> None:
    paths = document(client)["paths"]
    for door in DOORS:
        operations = paths[templated(door)]
        assert set(operations) == set(door.methods), door.name
        for operation in operations.values():
            needs = [need for need in operation.get("security", []) if need]
            assert bool(needs) == (not door.is_open), door.name


# --- /health/ ---------------------------------------------------------------------------------


def away(*_: object) -> None:
    raise OperationalError("server closed the connection unexpectedly")


def test_live_touches_nothing(client: Client) -> None:
    with connection.execute_wrapper(away), CaptureQueriesContext(connection) as statements:
        response = client.get("/health/live")
    assert (response.status_code, response.json(), len(statements)) == (200, {"status": "ok"}, 0)


def test_ready_says_what_it_has_looked_at(client: Client) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "database": "ok",
        "migrations": "ok",
        "oldest_unsent_mail_seconds": None,
    }


def test_ready_tells_how_long_a_mail_has_been_waiting(client: Client, user: User, clock: Any) -> None:
    outbox.queue_notice(user=user, template="password_changed", at=datetime.now(UTC))
    clock.shift(90)
    assert client.get("/health/ready").json()["oldest_unsent_mail_seconds"] == 90


@pytest.mark.parametrize("email", ["kim@example.com", "nobody@example.com"])
def test_ready_tells_nobody_whether_an_address_was_sent_a_mail(
    client: Client, user: User, settings: Settings, email: str
) -> None:
    settings.PREVENT_ENUMERATION = True
    before = client.get("/health/ready").json()
    client.post("/userprofile/forget_password/", {"email": email})
    assert client.get("/health/ready").json() == before
    assert before == {"status": "ok", "database": "ok", "migrations": "ok"}


def test_ready_is_503_while_migrations_are_pending(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "django.db.migrations.executor.MigrationExecutor.migration_plan", lambda *_: ["0002_something"]
    )
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "database": "ok",
        "migrations": "pending",
        "oldest_unsent_mail_seconds": None,
    }
    assert int(response.headers["Retry-After"]) > 0


def test_ready_is_503_without_the_database(client: Client) -> None:
    with connection.execute_wrapper(away):
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {"error": "The service is unavailable for a moment. Try again."}
    assert int(response.headers["Retry-After"]) > 0
