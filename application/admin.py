"""Applications in the admin, under the same rules as over HTTP."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from application.models import Application
from application.serializers import ApplicationDetails


class ApplicationForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Dates and numbers are Django's to judge; texts and the secret key the serializer's."""

    secret_key = forms.CharField(
        label="New secret key",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="16 to 256 characters. Leave it empty to keep the present one.",
    )

    def clean(self) -> dict[str, Any]:
        texts = {name: value for name, value in self.cleaned_data.items() if isinstance(value, str)}
        saved = self.instance if self.instance.pk else None
        serializer = ApplicationDetails(saved, data=texts)
        if not serializer.is_valid():
            for name, messages in serializer.errors.items():
                self.add_error(name if name in self.fields else None, [str(text) for text in messages])
        return {**self.cleaned_data, **serializer.validated_data}

    def save(self, commit: bool = True) -> Application:
        if self.cleaned_data["secret_key"]:
            self.instance.set_secret_key(self.cleaned_data["secret_key"])
        application: Application = super().save(commit=commit)
        return application


@admin.register(Application)
class ApplicationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ApplicationForm
    list_display = ("id", "__str__", "owner", "is_ats", "license_start_date", "license_end_date")
    list_display_links = ("id", "__str__")
    list_filter = ("is_ats", "license_end_date", "state_name")
    search_fields = ("billing_name", "website", "application_pan_no", "application_gst_no", "owner__email")
    autocomplete_fields = ("owner",)
    readonly_fields = ("secret_key_status",)
    fieldsets = (
        (None, {"fields": ("owner", "application_about", "website", "logo_url", "is_ats")}),
        ("Licence", {"fields": ("license_start_date", "license_end_date")}),
        (
            "Address and billing",
            {
                "fields": (
                    "billing_name",
                    "application_address",
                    "state_name",
                    "application_mobileno",
                    "application_pan_no",
                    "application_gst_no",
                )
            },
        ),
        ("Defaults", {"fields": ("default_status_id", "default_referrer_id")}),
        ("Secret key", {"fields": ("secret_key_status", "secret_key")}),
    )

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """A filter on the hash would tell it, letter by letter."""
        return not lookup.startswith("secret_key") and super().lookup_allowed(lookup, value, request)

    @admin.display(description="Secret key")
    def secret_key_status(self, application: Application) -> str:
        set_at = application.secret_key_set_at
        return "not set" if set_at is None else f"set on {set_at:%Y-%m-%d}"
