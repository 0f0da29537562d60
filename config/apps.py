"""Django's admin, with our site: its sign-in page shares the lockout and the throttles."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "userprofile.admin_site.site.GuardedAdminSite"
