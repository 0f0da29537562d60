"""The pages beside the API: the index, the documentation, health, and what answers an unknown path."""

from typing import Any

from csp.decorators import csp_replace
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.json_errors import json_error
from userprofile.clock import now
from userprofile.mechanisms import outbox

PAGE_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
}
DOCS_POLICY = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],  # the arrows and padlocks in Swagger UI's stylesheet
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}

schema = SpectacularAPIView.as_view(renderer_classes=[OpenApiJsonRenderer2])  # as application/json
docs = csp_replace(DOCS_POLICY)(SpectacularSwaggerSplitView.as_view(url_name="schema"))


@require_safe
@csp_replace(PAGE_POLICY)
def index(request: HttpRequest) -> HttpResponse:
    """What this is and where the rest stands: a page for browsers, JSON for everybody else."""
    admin = {"admin": f"/{settings.ADMIN_PATH}"} if settings.DEBUG else {}  # else only who runs it knows
    links = {
        "documentation": reverse("docs"),
        "schema": reverse("schema"),
        **admin,
        "health": {"live": reverse("health_live"), "ready": reverse("health_ready")},
    }
    if "text/html" in request.headers.get("Accept", ""):  # request.accepts() raises for odd parameters
        return render(request, "index.html", {"links": links, "title": TITLE})
    return JsonResponse({"service": TITLE, "links": links})


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; touches nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and is migrated, else 503 (JsonErrors words a lost database)."""
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    checks: dict[str, Any] = {
        "database": "ok",
        "migrations": "pending" if pending else "ok",
    }
    if not settings.PREVENT_ENUMERATION:  # only a mail to somebody waits there
        checks["oldest_unsent_mail_seconds"] = None if pending else outbox.oldest_unsent_seconds(at=now())
    status = 503 if pending else 200
    response = JsonResponse({"status": "ok" if status == 200 else "unavailable", **checks}, status=status)
    if status == 503:
        response["Retry-After"] = "5"
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return json_error(request, 404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return json_error(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return json_error(request, 403)


def server_error(request: HttpRequest) -> HttpResponse:
    return json_error(request, 500)


TITLE = settings.SPECTACULAR_SETTINGS["TITLE"]
