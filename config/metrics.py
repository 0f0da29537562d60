"""`/metrics` for Prometheus: served to who knows METRICS_TOKEN, and not at all without one."""

import os
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from config.json_errors import json_error
from userprofile.clock import now
from userprofile.mechanisms import outbox

try:
    from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.multiprocess import MultiProcessCollector
    from prometheus_client.registry import Collector
except ImportError:  # settings.py refuses METRICS_TOKEN without it
    Collector = object  # type: ignore[assignment, misc]


class OutboxCollector(Collector):
    """Asks the database at each scrape: the queue is one, however many processes there are."""

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        depth, age = outbox.depth(), outbox.oldest_unsent_seconds(at=now())
        yield GaugeMetricFamily("userprofile_mail_queue_depth", "Mails to be sent.", value=depth)
        yield GaugeMetricFamily(
            "userprofile_mail_queue_age_seconds", "Age of the oldest mail to be sent.", value=age or 0
        )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    expected = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not constant_time_compare(
        request.headers.get("Authorization", ""), expected
    ):
        return json_error(request, 404)
    outbox_registry = CollectorRegistry()
    outbox_registry.register(OutboxCollector())
    return HttpResponse(
        generate_latest(_counters()) + generate_latest(outbox_registry), content_type=CONTENT_TYPE_LATEST
    )


def _counters() -> "CollectorRegistry":
    """Of this process, or of all of them where PROMETHEUS_MULTIPROC_DIR gathers them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
