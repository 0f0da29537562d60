"""`manage.py unlock <email>`: lift both locks and the block, for an admin who is locked out."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from userprofile.journeys import unblocking
from userprofile.models import User


class Command(BaseCommand):
    help = "Lift a user's sign-in lock, reset lock and block; the owner is told by mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(options["email"])
        except User.DoesNotExist:
            raise CommandError(f"There is no user {options['email']}.") from None
        lifted = unblocking.unlock_by_admin(user)
        self.stdout.write(f"{user.email} is unlocked." if lifted else f"{user.email} was not locked.")
