"""The admin's own site."""

from django.contrib.admin import AdminSite


class GuardedAdminSite(AdminSite):
    site_header = "Userprofile"
