"""Exits 0 when this container's web process answers /health/live: the image has no curl."""

import os
import sys
import urllib.error
import urllib.request

try:
    port = os.environ.get("PORT", "8000")
    request = urllib.request.Request(f"http://127.0.0.1:{port}/health/live")
    request.add_header("Host", os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0])
    urllib.request.urlopen(request, timeout=2).close()  # noqa: S310  (loopback)
except (OSError, urllib.error.URLError) as error:
    sys.exit(f"not healthy: {error}")
