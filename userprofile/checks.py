"""`check --deploy`: what is faithful to the seed but weaker than today's advice, and mail nobody gets."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def weaker_than_todays_advice(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """One warning for each such choice, with the variable that changes it."""
    found = (
        (settings.PASSWORD_MAX_LENGTH < 64, "W001", CAP, "Set PASSWORD_MAX_LENGTH to 64 or more."),
        (settings.PASSWORD_MIN_LENGTH < 8, "W002", SHORT, "Set PASSWORD_MIN_LENGTH to 8, better 15."),
        (settings.PASSWORD_CLASSES, "W003", CLASSES, "Set PASSWORD_CLASSES=off."),
        (not settings.PREVENT_ENUMERATION, "W004", ENUMERATION, "Set PREVENT_ENUMERATION=on."),
        (not settings.LOCK_DURATION, "W005", LOCK, "Set LOCK_DURATION, for example to 900."),
        (not settings.THROTTLES, "W006", THROTTLES, "Set THROTTLES=on."),
        (settings.EMAIL_BACKEND in FOR_DEVELOPMENT, "W007", MAIL, SEND),
    )
    return [
        Warning(text, hint=hint, id=f"userprofile.{identifier}")
        for applies, identifier, text, hint in found
        if applies
    ]


FOR_DEVELOPMENT = {
    f"django.core.mail.backends.{kind}.EmailBackend" for kind in ("console", "dummy", "filebased", "locmem")
}
CAP = "Passwords are capped so short that passphrases are refused (OWASP ASVS 6.2.9 asks for 64)."
SHORT = "Passwords may be shorter than 8 characters (OWASP ASVS 6.2.1)."
CLASSES = "Passwords must mix character classes, which makes them predictable (OWASP ASVS 6.2.5)."
ENUMERATION = "Answers tell whether an address has an account (OWASP ASVS 6.3.8)."
LOCK = "A lock holds until an admin lifts it: a stranger can shut an account's door for good."
THROTTLES = "Throttles are off: they are meant to be off in load tests alone."
MAIL = "Mails, and the codes in them, reach nobody: they are printed, kept in a file or thrown away."
SEND = "Set EMAIL_URL=submission://user:password@host:587, or EMAIL_BACKEND."
