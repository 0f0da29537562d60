"""The ASGI application, for servers that speak it."""

import os

from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest

from config.http.requests import ReadableContentType


class Request(ReadableContentType, ASGIRequest):
    pass


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_asgi_application()
application.request_class = Request
