"""Where everything is mounted."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from config import metrics, pages
from config.http.paths import both_spellings
from userprofile.urls import root_aliases

urlpatterns = [
    path("", pages.index, name="index"),
    path("userprofile/", include("userprofile.urls")),
    path("application/", include("application.urls")),
    *root_aliases,
    *both_spellings("api/schema/", pages.schema, "schema"),
    *both_spellings("docs/", pages.docs, "docs"),
    path("health/live", pages.live, name="health_live"),
    path("health/ready", pages.ready, name="health_ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path(settings.ADMIN_PATH, admin.site.urls),
    re_path("", pages.not_found),  # in DEBUG a path that no pattern matches would be an HTML page
]
handler400 = pages.bad_request
handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.server_error
