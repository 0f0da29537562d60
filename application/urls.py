"""The paths under /application/."""

from django.urls import URLPattern

from application.views import UpdateApplication
from config.http.paths import both_spellings

urlpatterns: list[URLPattern] = both_spellings(
    "Application_update/<int:application_id>/", UpdateApplication.as_view(), "Update_Application_Details"
)
