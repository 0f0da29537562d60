"""Celery, for a deployment of several machines: it hurries and sweeps the outbox, and prunes.

The outbox's rows decide what is sent; the broker only wakes workers, and may be down or flushed.
"""

import os

from celery import Celery
from celery.schedules import crontab
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("userprofile")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["userprofile"])
# A message is a wish to be woken, and needs no acknowledgement. Unacknowledged ones are restored when the
# broker is lost: over a connection that kombu has taken apart by then, and that ends the worker.
app.conf.task_queues = [Queue("celery", no_ack=True)]
app.conf.beat_schedule = {
    "sweep the outbox": {"task": "userprofile.deliver_due_mail", "schedule": 5.0, "options": {"expires": 5}},
    "prune": {"task": "userprofile.prune", "schedule": crontab(hour="3", minute="17")},
}
