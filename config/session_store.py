"""Django's sessions in the database: a key that cannot be one is none, and one statement ends a session."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        """A cookie may hold anything, and PostgreSQL raises for a text with NUL."""
        is_long_enough = super()._validate_session_key(key)  # type: ignore[misc]  # unknown to the stubs
        return bool(is_long_enough and key and key.isascii() and key.isalnum())

    def delete(self, session_key: str | None = None) -> None:
        """Django's own reads the row first."""
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=key).delete()
