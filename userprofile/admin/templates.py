"""The texts of mails in the admin: checked when they are saved, and shown as they are sent."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from userprofile.mechanisms.templates import ALLOWED, render
from userprofile.models import EmailTemplates

PREVIEW_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    def is_multipart(self) -> bool:
        """Percent-encoded, a long text would triple, beyond the largest body."""
        return True


@admin.register(EmailTemplates)
class EmailTemplatesAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    form = TemplateForm
    formfield_overrides = {
        models.CharField: {"widget": AdminTextInputWidget(attrs={"class": "vLargeTextField"})}
    }
    list_display = ("name", "subject", "is_enabled", "updated_at")
    list_filter = ("is_enabled",)
    fields = ("name", "is_enabled", "subject", "placeholders", "text_body", "html_body", "preview")
    readonly_fields = ("placeholders", "preview")

    def get_readonly_fields(self, request: HttpRequest, obj: EmailTemplates | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("name", *self.readonly_fields)

    @admin.display(description="placeholders")
    def placeholders(self, template: EmailTemplates) -> str:
        if template.name in ALLOWED:
            return _words(template.name)
        return " · ".join(f"{name}: {_words(name)}" for name in ALLOWED)

    @admin.display(description="preview")
    def preview(self, template: EmailTemplates) -> str:
        if template.pk is None:
            return "Save it first."
        address = reverse("admin:userprofile_emailtemplates_preview", args=[template.pk])
        return format_html(
            '<a href="{0}">HTML</a> and <a href="{0}?part=text">text</a>, as saved, with sample values.',
            address,
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        name = "userprofile_emailtemplates_preview"
        return [path("<int:template_id>/preview/", view, name=name), *super().get_urls()]

    def preview_view(self, request: HttpRequest, template_id: int) -> HttpResponse:
        template = self.get_object(request, str(template_id))
        if template is None:
            raise Http404
        if not self.has_view_or_change_permission(request, template):
            raise PermissionDenied
        subject, text, html = render(name=template.name, values=_sample())
        if html is None or request.GET.get("part") == "text":
            content = f"Subject: {subject}\n\n{text}"
            return HttpResponse(content, content_type="text/plain; charset=utf-8")
        # An admin's text must not act in the admin's name: it gets an origin of its own.
        return HttpResponse(html, headers={"Content-Security-Policy": PREVIEW_POLICY})


def _words(name: str) -> str:
    needed = {"otp"} & ALLOWED[name]
    rest = sorted(ALLOWED[name] - needed)
    return ", ".join(
        [*(f"{{{{ {word} }}}} (needed)" for word in needed), *(f"{{{{ {word} }}}}" for word in rest)]
    )


def _sample() -> dict[str, Any]:
    return {
        "first_name": "Kim",
        "email": "kim@example.com",
        "service_name": settings.SERVICE_NAME,
        "otp": "0123456789"[: settings.OTP_LENGTH],
        "minutes": str(max(settings.OTP_LIFETIME // timedelta(minutes=1), 1)),
        "time": "14 March 2026, 09:26 (UTC)",
        "ip_address": "192.0.2.1",
        "new_email": "kim@example.net",
    }
