"""The userprofile app: accounts and their security."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in


class UserprofileConfig(AppConfig):
    name = "userprofile"
    verbose_name = "Accounts and their security"

    def ready(self) -> None:
        from userprofile import checks  # noqa: F401  (registers them)
        from userprofile.mechanisms import outbox

        if settings.REDIS_URL:
            from userprofile.tasks import hurry

            outbox.wakers.append(hurry)

        # journeys/login.py writes last_login in the statement that decides the attempt.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
