"""The table of client applications, and who may see its rows."""

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils import timezone

LICENCE_CONSTRAINT = "application_licence_ends_after_start"
LARGEST_ID = models.PositiveBigIntegerField.MAX_BIGINT


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "ApplicationQuerySet":
        """The one place that says whose an application is: its owner's, and all are staff's."""
        return self.all() if user.is_staff else self.filter(owner_id=user.pk)


class Application(models.Model):
    """A client application and its licence. Only the owner is required."""

    # PROTECT: deleting an account must not take a licence and its billing details along.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="applications")
    application_address = models.TextField("address", max_length=1000, blank=True)
    is_ats = models.BooleanField("is ATS", default=False)
    application_mobileno = models.CharField("mobile number", max_length=20, blank=True)
    license_start_date = models.DateField("licence start", null=True, blank=True)
    license_end_date = models.DateField("licence end", null=True, blank=True)
    website = models.CharField(max_length=500, blank=True)
    application_pan_no = models.CharField("PAN", max_length=10, blank=True)
    application_gst_no = models.CharField("GSTIN", max_length=15, blank=True)
    default_status_id = models.PositiveBigIntegerField(null=True, blank=True)
    default_referrer_id = models.PositiveBigIntegerField(null=True, blank=True)
    secret_key_hash = models.CharField(max_length=128, blank=True, editable=False)
    secret_key_set_at = models.DateTimeField("secret key", null=True, blank=True, editable=False)
    state_name = models.CharField(max_length=100, blank=True)
    logo_url = models.CharField("logo URL", max_length=500, blank=True)
    application_about = models.TextField("about", max_length=5000, blank=True)
    billing_name = models.CharField(max_length=200, blank=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name=LICENCE_CONSTRAINT,
                condition=models.Q(license_start_date__isnull=True)
                | models.Q(license_end_date__isnull=True)
                | models.Q(license_end_date__gte=models.F("license_start_date")),
                violation_error_message="The licence cannot end before it starts.",
            ),
        )

    def __str__(self) -> str:
        return self.billing_name or self.website or f"Application {self.pk}"

    def set_secret_key(self, raw: str) -> None:
        """Keep a salted hash of it, or nothing for an empty one; the caller saves."""
        self.secret_key_hash = make_password(raw) if raw else ""
        self.secret_key_set_at = timezone.now() if raw else None

    def check_secret_key(self, raw: str) -> bool:
        """Whether this is the secret key that was set last."""
        return check_password(raw, self.secret_key_hash)
