"""What operators watch: each event is one line in the log and, with prometheus-client, a counter.

Events are recorded once the change that they tell of is committed. They name users by id.
"""

import logging
from typing import Any

from django.db import transaction

try:
    from prometheus_client import Counter
except ImportError:  # requirements-prod.txt brings it
    Counter = None  # type: ignore[assignment, misc]

logger = logging.getLogger("userprofile.event")

# name: (what the counter counts, its label)
EVENTS = {
    "sign_in": ("Attempts to sign in.", "outcome"),
    "code": ("One-time passwords issued.", "purpose"),
    "lock": ("Accounts locked.", "kind"),
    "alarm": ("Alarms raised.", "kind"),
    "block": ("Accounts blocked from reset codes.", None),
    "mail": ("Mails that the outbox is done with.", "status"),
}
counters: dict[str, Any] = {}
if Counter is not None:
    counters = {
        name: Counter(f"userprofile_{name}s", text, [label] if label else [])
        for name, (text, label) in EVENTS.items()
    }


def record(name: str, *, label: str | None = None, level: int = logging.INFO, **fields: Any) -> None:
    """Tell of an event when the transaction that causes it commits; never if it is rolled back."""
    transaction.on_commit(lambda: _tell(name, label, level, fields))


def _tell(name: str, label: str | None, level: int, fields: dict[str, Any]) -> None:
    if name in counters:
        counter = counters[name]
        (counter.labels(label) if label else counter).inc()
    label_name = EVENTS[name][1]
    extra = {"event": name, **({label_name: label} if label_name else {}), **fields}
    logger.log(level, "%s", " ".join(f"{key}={value}" for key, value in extra.items()), extra=extra)
