"""Judges the URLs of what stands behind the service: database, mail, broker, browsers' origins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import dj_email_url
from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo

from config.environment import Environment, refuse

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",  # a DEFERRED read-then-write fails instead of waiting
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "timeout": 20,
}
POSTGRESQL_OPTIONS = {"connect_timeout": 3}
# Closing its last connection SQLite empties and removes the WAL: slow, and the next answer's time told of it.
KEPT_OPEN = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
SMTP_SCHEMES = ("smtp", "submission", "submit")
# smtps means STARTTLS to dj-email-url and TLS from the start to everybody else.
MAIL_SCHEMES = sorted({*dj_email_url.SCHEMES} - {"smtps"})
BOOLEANS = (*dj_email_url.TRUTHY, "0", "n", "no", "f", "false", "False", "off")


def split(name: str, url: str) -> SplitResult:
    """urlsplit, with its ValueErrors (a broken IPv6 address, a port that is none) as a refusal."""
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            refuse(name, "0 is no port")
    except ValueError:  # its text may quote a piece of a password
        refuse(name, "not a valid URL; percent-encode / ? # @ : in user names and passwords")
    return parts


def origins(env: Environment, name: str) -> list[str]:
    """Web origins: scheme://host or scheme://host:port, and nothing behind it."""
    found = [origin.removesuffix("/") for origin in env.words(name)]
    for origin in found:
        parts = split(name, origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}":
            refuse(name, f"{origin!r} is no origin such as https://app.example.com")
        if not parts.hostname or "@" in parts.netloc:
            refuse(name, f"{origin!r} is no origin such as https://app.example.com")
    return found


def broker(env: Environment, name: str) -> str:
    url = str(env.str(name, ""))
    if url and split(name, url).scheme not in ("redis", "rediss", "unix"):
        refuse(name, "write redis://host:6379/0")
    return url


def database(env: Environment, name: str, default: str) -> dict[str, Any]:
    """Django's dictionary for a SQLite file or a PostgreSQL database, with our options."""
    judges: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
        "django.db.backends.sqlite3": _sqlite,
        "django.db.backends.postgresql": _postgresql,
    }
    found: dict[str, Any] = env.dj_db_url(name, default)
    if found["ENGINE"] not in judges:
        refuse(name, "write sqlite:///folder/file or postgresql://user:password@host/name")
    return found | judges[found["ENGINE"]](name, found)


def _sqlite(name: str, found: dict[str, Any]) -> dict[str, Any]:
    if "OPTIONS" in found:
        refuse(name, "a SQLite file takes no ?options")
    if found["NAME"] == ":memory:":
        refuse(name, "name a file: every thread would see a database in memory of its own")
    if not Path(found["NAME"]).parent.is_dir():
        refuse(name, f"there is no folder {Path(found['NAME']).parent}")
    return {"OPTIONS": SQLITE_OPTIONS, **KEPT_OPEN}


def _postgresql(name: str, found: dict[str, Any]) -> dict[str, Any]:
    options = {**POSTGRESQL_OPTIONS, **found.get("OPTIONS", {})}
    if not found["NAME"] and "service" not in options:
        refuse(name, "the name of the database is missing")
    try:
        make_conninfo(**options)
    except (ProgrammingError, TypeError) as error:
        refuse(name, " ".join(str(error).split()))
    return {"OPTIONS": options, **KEPT_OPEN}


def mail(env: Environment, name: str, default: str) -> dict[str, Any]:
    """Django's EMAIL_* settings. dj-email-url passes silently over what it does not know."""
    parts = split(name, env.str(name, default))
    if parts.scheme not in MAIL_SCHEMES:
        refuse(name, f"the scheme must be one of {', '.join(MAIL_SCHEMES)}")
    if parts.scheme in SMTP_SCHEMES and not parts.hostname:
        refuse(name, "write submission://user:password@host:587 or smtp://host:25")
    for key, values in parse_qs(parts.query, keep_blank_values=True).items():
        if key not in ("ssl", "tls", "timeout") or (key != "timeout" and values[0] not in BOOLEANS):
            refuse(name, "behind the ? only ssl=on, tls=on and timeout=<seconds> are known")
    found: dict[str, Any] = env.dj_email_url(name, default)
    if parts.scheme == "file" and not found["EMAIL_FILE_PATH"].strip("/"):
        refuse(name, "write file:////absolute/folder")
    return found
