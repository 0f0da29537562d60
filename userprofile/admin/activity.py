"""The log of sign-ins in the admin: to be read."""

import ipaddress
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from userprofile.admin.logs import HOW_FAR, LogAdmin
from userprofile.admin.times import short
from userprofile.models import LoginActivity


@admin.register(LoginActivity)
class LoginActivityAdmin(LogAdmin):
    list_display = ("created", "attempt_name", "email", "ip_address", "signed_out")
    list_filter = ("attempt_name", "created_at")
    search_help_text = f"A whole e-mail address, or an IP address. {HOW_FAR}"
    fields = (
        "attempt_name",
        "email",
        "user",
        "ip_address",
        "user_agent",
        "created_at",
        "logout_time",
        "refreshed_at",
        "refresh_expires_at",
    )

    def of_nobody(self, queryset: QuerySet[Any], address: str) -> QuerySet[Any]:
        return queryset.filter(user=None, email__iexact=address)  # that part of the index is small

    @admin.display(description="signed out")
    def signed_out(self, row: LoginActivity) -> str:
        return short(row.logout_time)

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        try:
            return queryset.filter(ip_address=str(ipaddress.ip_address(term)))
        except ValueError:
            return super().search(queryset, term)
