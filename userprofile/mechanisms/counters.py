"""Counters in the database, each for one window of time: exact under concurrency, on every process."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from userprofile.models import ThrottleCounter

Limit = tuple[int, int]  # so many, in so many seconds

COUNT = """
INSERT INTO {table} AS counter (key, requests, window_ends_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    requests = CASE WHEN counter.window_ends_at <= %s THEN 1 ELSE counter.requests + 1 END,
    window_ends_at =
        CASE WHEN counter.window_ends_at <= %s THEN excluded.window_ends_at ELSE counter.window_ends_at END
RETURNING key, requests, window_ends_at, ({full})
"""
FULL = "SELECT window_ends_at FROM {table} WHERE key = %s AND requests > %s AND window_ends_at > %s"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A counter that a request is not counted in, but must respect."""

    key: str
    limit: int


def count(limits: dict[str, Limit], *, at: datetime, watched: Watched | None = None) -> float | None:
    """Count one request against each key's (requests, seconds), in one statement.

    None if all of them allow it, and the watched counter does, else the seconds until the last of
    the full windows ends. A window begins with its first request. The keys are sorted: in opposite
    orders two requests deadlock.
    """
    keys = {stored(key): limit for key, limit in limits.items()}
    rows: list[Any] = []
    for key in sorted(keys):
        rows += [key, 1, at + timedelta(seconds=keys[key][1])]
    look = [stored(watched.key), watched.limit, at] if watched else []
    full = FULL.format(table=table()) if watched else "NULL"
    statement = COUNT.format(table=table(), rows=", ".join(["(%s, %s, %s)"] * len(keys)), full=full)
    counted = execute(statement, [*rows, at, at, *look])
    ends = [_moment(end) for key, requests, end, _ in counted if requests > keys[key][0]]
    ends += [_moment(end) for *_, end in counted if end is not None]
    return (max(ends) - at).total_seconds() if ends else None


def execute(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [*map(_adapted, values)])
        return list(cursor.fetchall())


def table() -> str:
    return connection.ops.quote_name(ThrottleCounter._meta.db_table)


def stored(key: str) -> str:
    """No address in clear, and one length whatever was sent."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def _adapted(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _moment(value: Any) -> datetime:
    """PostgreSQL gives an aware datetime, SQLite a naive one or its text; both are in UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
