"""The WSGI application, served by gunicorn."""

import os

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application

from config.http.requests import ReadableContentType


class Request(ReadableContentType, WSGIRequest):
    pass


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
application.request_class = Request
