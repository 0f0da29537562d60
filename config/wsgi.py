"""The WSGI application, served by gunicorn."""

import os

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application

from config.http.requests import ReadableContentType
from userprofile import hashers


class Request(ReadableContentType, WSGIRequest):
    pass


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
hashers.verify("", None)  # makes nobody's hash now: the first unknown address must not take longer
application.request_class = Request
