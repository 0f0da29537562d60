"""Django's sessions in the database, which holds no cookie: the key of a row is a hash of its cookie.

No view here is asynchronous, so the asynchronous twins of the methods are left as they are.
"""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db

from userprofile.clock import now


def at_rest(key: str) -> str:
    """156 bits, as many as the column has room for; no cookie is valid that begins like this."""
    return "!" + hashlib.sha256(key.encode()).hexdigest()[:39]


class SessionStore(db.SessionStore):
    """A key that cannot be one is none, and one statement ends a session."""

    def _validate_session_key(self, key: str | None) -> bool:
        """A cookie may hold anything, and PostgreSQL raises for a text with NUL."""
        is_long_enough = super()._validate_session_key(key)  # type: ignore[misc]  # unknown to the stubs
        return bool(is_long_enough and key and key.isascii() and key.isalnum())

    def _get_session_from_db(self) -> Any:
        key = at_rest(self.session_key or "")
        row = self.model.objects.filter(session_key=key, expire_date__gt=now()).first()
        if row is None:
            self._session_key = None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.session_key = at_rest(row.session_key)
        return row

    def exists(self, session_key: str) -> bool:
        return super().exists(at_rest(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """Django's own reads the row first."""
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=at_rest(key)).delete()
