"""`manage.py send_mail`: the mail worker as a process of its own, for production."""

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from userprofile.mechanisms import delivery


class Signalled:
    """Set by a signal. A threading.Event takes a lock, which a signal handler cannot wait for."""

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self, number: int, frame: FrameType | None) -> None:
        self._is_set = True


class Command(BaseCommand):
    help = "Sends the mails of the outbox until it gets SIGTERM or SIGINT; then finishes the one in hand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due, and exit")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Signalled()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop.set)
        if options["once"]:
            self.stdout.write(f"Mails sent: {delivery.deliver_due(stop=stop)}")
        else:
            delivery.run_until(stop)
