"""Derives the keys for tokens and one-time passwords from SECRET_KEY, each for one use only."""

import hashlib
import hmac


def derive(purpose: str, secret_key: str) -> bytes:
    """A 32-byte key that serves `purpose` alone (HMAC-SHA-256 as the extractor, RFC 5869)."""
    return hmac.new(secret_key.encode(), f"userprofile/{purpose}".encode(), hashlib.sha256).digest()
