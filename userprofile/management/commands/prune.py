"""`manage.py prune`: delete what has served its time. Run it daily."""

from typing import Any

from django.core.management.base import BaseCommand

from userprofile.clock import now
from userprofile.mechanisms import retention


class Command(BaseCommand):
    help = "Delete activity and mails past ACTIVITY_RETENTION, and spent counters and sessions."

    def handle(self, *args: Any, **options: Any) -> None:
        deleted = retention.prune(at=now())
        self.stdout.write("Deleted " + ", ".join(f"{count} {name}" for name, count in deleted.items()) + ".")
