"""Exits 0 when this container's web process answers /health/live: the image has no curl."""

import os
import sys
import urllib.error
import urllib.request

port = os.environ.get("PORT", "8000")
host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")

try:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/health/live")
    request.add_header("Host", "localhost" if host in ("", "*") else host)
    urllib.request.urlopen(request, timeout=2).close()  # noqa: S310  (loopback)
except (OSError, urllib.error.URLError) as error:
    sys.exit(f"not healthy: {error}")
