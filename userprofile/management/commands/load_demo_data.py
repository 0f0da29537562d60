"""Makes the demo accounts, or restores them; in DEBUG alone, since their passwords are public."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from userprofile import demo


class Command(BaseCommand):
    help = "Make the demo accounts, or restore their passwords and locks. Only with DEBUG on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-debug", action="store_true", help="Without DEBUG do nothing instead of failing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DEBUG:
            demo.load()
        elif not options["if_debug"]:
            raise CommandError("Demo accounts have public passwords: they are made with DEBUG on only.")
