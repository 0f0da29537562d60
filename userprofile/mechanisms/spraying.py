"""Password spraying: the distinct accounts that one network fails to enter, and the alarm over all networks.

A few guesses at each of many accounts lock none of them; from one network they close every door.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from userprofile.addresses import canonical
from userprofile.client import Client, network_of
from userprofile.mechanisms import counters, events
from userprofile.mechanisms.counters import Limit, Watched, execute, stored, table

COUNT_FAILURE = """
INSERT INTO {table} AS counter (key, requests, window_ends_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET requests = counter.requests + excluded.requests
RETURNING key, requests
"""
ALWAYS = "(%s, 1, %s)"
UNLESS_COUNTED = "(%s, CASE WHEN EXISTS (SELECT 1 FROM {table} WHERE key = %s) THEN 0 ELSE 1 END, %s)"


@dataclass(frozen=True, kw_only=True)
class Window:
    number: int
    ends_at: datetime


def count_attempt(client: Client, *, at: datetime) -> float | None:
    """Count a sign-in of this network before it is looked at; the seconds to wait if it has to."""
    if not settings.THROTTLES:
        return None
    network = network_of(client.ip_address)
    limits = {f"sign_in:{network}": settings.THROTTLE_SIGN_IN}
    return counters.count(limits, at=at, watched=watched(network, at=at))


def watched(network: str, *, at: datetime) -> Watched:
    """The network's distinct accounts: what every sign-in must respect, and only failures count in."""
    window = _window(settings.THROTTLE_SPRAY, at)
    return Watched(key=f"spray:{network}:{window.number}", limit=settings.THROTTLE_SPRAY[0])


def comparable(email: str) -> str:
    """The address as counters tell it from others; what is no address stands for itself."""
    try:
        return canonical(email)
    except ValueError:
        return email


def count_failure(email: str, client: Client, *, at: datetime) -> float | None:
    """Count a refused sign-in; the seconds to wait if its account was one too many for its network.

    Inside the transaction that holds the account's row, as its last statement: two failures of one
    account cannot both find it not yet counted, and nothing is waited for while counters are held.
    """
    if not settings.THROTTLES:
        return None
    name = network_of(client.ip_address)
    network = watched(name, at=at)
    spray, alarm = _window(settings.THROTTLE_SPRAY, at), _window(settings.SIGN_IN_FAILURES_ALARM, at)
    distinct, ring = stored(network.key), stored(f"alarm:sign_in:{alarm.number}")
    pair = stored(f"{network.key}:{comparable(email)}")
    counted = _count(
        {
            pair: (ALWAYS, [pair, spray.ends_at]),
            distinct: (UNLESS_COUNTED, [distinct, pair, spray.ends_at]),
            ring: (ALWAYS, [ring, alarm.ends_at]),
        }
    )
    _ring(counted[ring], settings.SIGN_IN_FAILURES_ALARM)
    if counted[pair] == 1:
        _tell_of_spraying(name, accounts=counted[distinct])
    return (spray.ends_at - at).total_seconds() if counted[distinct] > network.limit else None


def _count(rows: dict[str, tuple[str, list[Any]]]) -> dict[str, int]:
    """The keys are sorted: in opposite orders two requests deadlock."""
    in_order = [rows[key] for key in sorted(rows)]
    texts = ", ".join(text for text, _ in in_order).format(table=table())
    statement = COUNT_FAILURE.format(table=table(), rows=texts)
    counted = execute(statement, [value for _, values in in_order for value in values])
    return {key: requests for key, requests in counted}  # noqa: C416  (a dict of two columns, to mypy)


def _ring(failures: int, limit: Limit) -> None:
    """Once per window: whichever process counts it, one failure alone is the limit's."""
    if failures == limit[0]:
        label, level = "sign_in_failures", logging.WARNING
        events.record("alarm", label=label, level=level, failures=failures, seconds=limit[1])


def _tell_of_spraying(network: str, *, accounts: int) -> None:
    """Once per network and window: of the account that is the first one too many, when it first fails."""
    limit, period = settings.THROTTLE_SPRAY
    if accounts == limit + 1:
        label, level = "spraying", logging.WARNING
        events.record("alarm", label=label, level=level, network=network, accounts=accounts, seconds=period)


def _window(limit: Limit, at: datetime) -> Window:
    """Windows follow the clock, so that a network and its accounts are counted in the same one."""
    number = int(at.timestamp()) // limit[1]
    return Window(number=number, ends_at=datetime.fromtimestamp((number + 1) * limit[1], UTC))
