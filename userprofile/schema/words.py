"""What the endpoints' documentation has in common: tags, the demo account's address, spans of time."""

from datetime import timedelta

from userprofile.exceptions import FieldRefusal

SIGN_IN, PASSWORDS, ADDRESSES, USERS = "Sign-in", "Forgotten password", "E-mail validation", "Users"
EMAIL = {"email": "demo@example.com"}
REQUIRED = ["This field is required."]
NO_EMAIL = FieldRefusal(email=REQUIRED)


def span(duration: timedelta) -> str:
    """`24 hours`, `10 minutes` or `90 seconds`."""
    seconds = int(duration.total_seconds())
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}{'s' if seconds > size else ''}"
    return f"{seconds} seconds"
