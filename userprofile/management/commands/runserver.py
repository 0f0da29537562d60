"""`manage.py runserver`, which in DEBUG sends mail as well."""

from django.conf import settings
from whitenoise.runserver_nostatic.management.commands.runserver import Command as RunserverCommand

from userprofile.mechanisms import worker_thread


class Command(RunserverCommand):  # type: ignore[misc]
    def on_bind(self, server_port: int) -> None:
        """Called in the process that serves, once it does: never in the autoreloader's parent."""
        super().on_bind(server_port)
        if settings.DEBUG:
            worker_thread.start()
