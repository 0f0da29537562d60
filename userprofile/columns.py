"""Columns that two tables share: a user's and those of its stand-in for addresses that nobody has."""

from datetime import datetime

from django.db import models

from userprofile.clock import now


class Guarded(models.Model):
    """The counters behind the three refusals; a User has them, and so has a Decoy."""

    sign_in_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    sign_in_locked_at = models.DateTimeField(null=True, blank=True, editable=False)
    reset_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    reset_locked_at = models.DateTimeField(null=True, blank=True, editable=False)
    forget_password_attempts = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Resends of reset codes since the first, free one."
    )
    last_code_requested_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The last accepted request for a reset code."
    )
    blocked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


class Mail(models.Model):
    """A mail, and where it has one its code, though the digits are stored nowhere."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"  # given up after MAIL_MAX_ATTEMPTS
        EXPIRED = "expired"  # its code ran out before it could be sent
        REPLACED = "replaced"  # its code was voided before it could be sent

    to_email = models.EmailField(max_length=254)
    context = models.JSONField(default=dict, blank=True)
    message_id = models.CharField(max_length=120, unique=True)

    nonce = models.CharField(max_length=32, blank=True, editable=False)
    key_id = models.CharField(max_length=16, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)

    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(
        default=now, help_text="When it is due; while it is being sent, when the lease ends."
    )
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def is_live_code(self, at: datetime) -> bool:
        """Whether this row's code could still open anything."""
        return (
            bool(self.nonce)
            and self.used_at is None
            and self.voided_at is None
            and self.expires_at is not None
            and at < self.expires_at
        )
