"""The outbox in the admin: to be read, and a failed mail to be sent again."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from userprofile.admin.logs import HOW_FAR, LogAdmin
from userprofile.admin.times import short
from userprofile.clock import now
from userprofile.mechanisms import delivery
from userprofile.models import EmailsLogs


@admin.register(EmailsLogs)
class EmailsLogsAdmin(LogAdmin):
    """`nonce` and `key_id` are on no page, nor the values that a mail is made from."""

    list_display = ("created", "template", "to_email", "status", "attempts", "sent", "last_error")
    list_filter = ("status", "template", "created_at")
    search_help_text = f"A whole e-mail address. {HOW_FAR}"
    actions = ("send_again",)
    fields = (
        "template",
        "to_email",
        "user",
        "status",
        "attempts",
        "last_error",
        "created_at",
        "next_attempt_at",
        "sent_at",
        "message_id",
        "code",
    )
    readonly_fields = ("code",)

    def of_nobody(self, queryset: QuerySet[Any], address: str) -> QuerySet[Any]:
        return queryset.filter(to_email__iexact=address)

    @admin.display(description="sent")
    def sent(self, mail: EmailsLogs) -> str:
        return short(mail.sent_at)

    @admin.display(description="code")
    def code(self, mail: EmailsLogs) -> str:
        """What has become of it, and never what it is."""
        if not mail.nonce:
            return "This mail holds none."
        if mail.used_at is not None:
            return "used"
        if mail.voided_at is not None:
            return "replaced by a newer one, or void"
        return "live" if mail.is_live_code(now()) else "expired"

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("userprofile.change_emailslogs")

    @admin.action(description="Send again (failed mails)", permissions=["send_again"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[EmailsLogs]) -> None:
        mails = list(queryset)
        queued = sum(self._send_again(request, mail) for mail in mails)
        self.message_user(request, f"{queued} of {len(mails)} queued to be sent again.", messages.SUCCESS)
        if queued < len(mails):
            rest = "The others have not failed, or hold a code that opens nothing any more."
            self.message_user(request, rest, messages.WARNING)

    def _send_again(self, request: HttpRequest, mail: EmailsLogs) -> bool:
        with transaction.atomic():
            is_queued = delivery.send_again(mail)
            if is_queued:
                self.log_change(request, mail, "Queued to be sent again.")
        return is_queued
