"""Throttles, counted in the database: exact under concurrency, on every process."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from userprofile.addresses import canonical
from userprofile.client import client_of, network_of
from userprofile.clock import now
from userprofile.models import ThrottleCounter

COUNT = """
INSERT INTO {table} AS counter (key, requests, window_ends_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    requests = CASE WHEN counter.window_ends_at <= %s THEN 1 ELSE counter.requests + 1 END,
    window_ends_at =
        CASE WHEN counter.window_ends_at <= %s THEN excluded.window_ends_at ELSE counter.window_ends_at END
RETURNING key, requests, window_ends_at
"""


def count(limits: dict[str, tuple[int, int]], *, at: datetime) -> float | None:
    """Count one request against each key's (requests, seconds), in one statement.

    None if all of them allow it, else the seconds until the last of the full windows ends. A window
    begins with its first request. The keys are sorted: in opposite orders two requests deadlock.
    """
    keys = {_stored(key): limit for key, limit in limits.items()}
    rows: list[Any] = []
    for key in sorted(keys):
        rows += [key, 1, at + timedelta(seconds=keys[key][1])]
    table = connection.ops.quote_name(ThrottleCounter._meta.db_table)
    statement = COUNT.format(table=table, rows=", ".join(["(%s, %s, %s)"] * len(keys)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*map(_adapted, rows), _adapted(at), _adapted(at)])
        counted = cursor.fetchall()
    waits = [_moment(ends) - at for key, requests, ends in counted if requests > keys[key][0]]
    return max(wait.total_seconds() for wait in waits) if waits else None


class CountedThrottle(BaseThrottle):
    """DRF's throttle for a view whose `throttles` names the limits: sign_in, codes, mail."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not settings.THROTTLES:
            return True
        unreadable: APIException | None = None
        try:
            data = request.data
        except APIException as error:
            unreadable, data = error, {}
        self.seconds = count(self._limits(request, view, data), at=now())
        if self.seconds is None and unreadable is not None:
            raise unreadable
        return self.seconds is None

    def wait(self) -> float | None:
        return self.seconds

    def _limits(self, request: Request, view: Any, data: Any) -> dict[str, tuple[int, int]]:
        network = network_of(client_of(request._request).ip_address)
        rates = {"sign_in": settings.THROTTLE_SIGN_IN, "codes": settings.THROTTLE_CODES}
        limits = {f"{name}:{network}": rates[name] for name in view.throttles if name in rates}
        email = data.get("email") if isinstance(data, dict) else None
        if "mail" in view.throttles and isinstance(email, str) and view.asks_for_mail(data):
            limits[f"mail:{_address(email)}"] = settings.THROTTLE_MAIL
        return limits


def _address(email: str) -> str:
    try:
        return canonical(email)
    except ValueError:
        return email


def _stored(key: str) -> str:
    """No address in clear, and one length whatever was sent."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def _adapted(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _moment(value: Any) -> datetime:
    """PostgreSQL gives an aware datetime, SQLite a naive one or its text; both are in UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
