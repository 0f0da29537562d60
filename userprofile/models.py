"""The tables of account security, and the facts that one row can tell."""

from datetime import date, datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models, transaction
from django.db.models.functions import Length, Lower
from django.db.models.lookups import GreaterThan
from django.utils.crypto import salted_hmac

from userprofile.addresses import canonical
from userprofile.clock import now
from userprofile.columns import Guarded, Mail
from userprofile.hashers import normalized


class OctetLength(models.Func):
    """The length in bytes: larger than the length in characters when a text is not ASCII."""

    arity = 1
    output_field = models.IntegerField()
    function = "OCTET_LENGTH"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="LENGTH(CAST(%(expressions)s AS BLOB))", **extra)


class CanonicalEmailField(models.CharField):  # type: ignore[type-arg]
    """The canonical form of `email`, made anew at every save, so that nobody sets it by hand."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        form = canonical(model_instance.email)  # type: ignore[attr-defined]
        setattr(model_instance, self.attname, form)
        return form


class UserQuerySet(models.QuerySet["User"]):
    def update(self, **values: Any) -> int:
        """`update(email=...)` writes the canonical form as well; an expression cannot have one."""
        if "email" in values:
            if not isinstance(values["email"], str):
                raise TypeError("email takes a string: its canonical form is made from it")
            values["email_canonical"] = canonical(values["email"])
        return super().update(**values)


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "User":
        """By e-mail address in any spelling. Raises User.DoesNotExist."""
        try:
            form = canonical(username or "")
        except ValueError:
            raise self.model.DoesNotExist from None
        found: User = self.get(email_canonical=form)
        return found

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        if not email:
            raise ValueError("A user needs an e-mail address.")
        created: User = super().create_user(username, email, password, **fields)
        return created

    def _create_user_object(
        self, username: str, email: str | None, password: str | None, **fields: Any
    ) -> "User":
        """Django's own hashes the password as typed, and then no sign-in would find it right."""
        plain = None if password is None else normalized(password)
        made: User = super()._create_user_object(username, email, plain, **fields)
        return made


class User(Guarded, AbstractUser):
    """An account. The e-mail address signs it in; `email_canonical` keeps addresses unique."""

    class Gender(models.TextChoices):
        MALE = "male"
        FEMALE = "female"
        OTHER = "other"

    email = models.EmailField("email address", max_length=254)
    email_canonical = CanonicalEmailField(max_length=254, unique=True, editable=False)
    is_email_verified = models.BooleanField(default=False)
    phone = models.CharField(max_length=20, blank=True)
    gender = models.CharField(max_length=6, choices=Gender.choices, blank=True)
    profile_pic = models.CharField(max_length=500, blank=True)
    dob = models.DateField("date of birth", null=True, blank=True)
    short_name = models.CharField(max_length=50, blank=True)
    timezone = models.CharField(max_length=63, blank=True, help_text="Times in mails are given in it.")
    logout = models.DateTimeField("last logout", null=True, blank=True, editable=False)
    sessions_ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["username"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ("id",)
        constraints = (
            # What raw SQL could otherwise leave apart. Beyond ASCII the canonical form is more
            # than lower case, and the unique column alone must do.
            models.CheckConstraint(
                name="user_email_canonical_belongs_to_email",
                condition=models.Q(email_canonical=Lower("email"))
                | models.Q(GreaterThan(OctetLength("email"), Length("email"))),
            ),
            models.UniqueConstraint(Lower("username"), name="user_username_unique_in_any_case"),
            models.CheckConstraint(
                name="user_gender_is_known",
                condition=models.Q(gender__in=("", "male", "female", "other")),
            ),
            models.CheckConstraint(
                name="user_dob_from_1900",
                condition=models.Q(dob__isnull=True) | models.Q(dob__gte=date(1900, 1, 1)),
            ),
        )

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(None if raw_password is None else normalized(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        return raw_password is not None and super().check_password(normalized(raw_password))

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new address brings its canonical form; a new password, or deactivation, ends every session."""
        fields = kwargs.get("update_fields")
        if fields is not None and "email" in fields:
            kwargs["update_fields"] = {*fields, "email_canonical"}
        is_harmless = self._password is None and self.is_active  # type: ignore[attr-defined]
        if is_harmless or self.pk is None:
            super().save(*args, **kwargs)
            return
        self.sessions_ended_at = now()
        with transaction.atomic():
            super().save(*args, **kwargs)
            User.objects.filter(pk=self.pk).update(sessions_ended_at=self.sessions_ended_at)
            LoginActivity.objects.filter(user_id=self.pk).end_open(at=self.sessions_ended_at)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django sessions end with the password, and when all of the user's sessions are ended."""
        ended = self.sessions_ended_at.isoformat() if self.sessions_ended_at else ""
        value = f"{self.password}|{ended}"
        salt = "userprofile.models.User.session"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


class EmailTemplates(models.Model):
    """The text of a mail, as an admin may edit it; without an enabled row the file serves."""

    class Name(models.TextChoices):
        PASSWORD_RESET_CODE = "password_reset_code"
        EMAIL_VALIDATION_CODE = "email_validation_code"
        PASSWORD_CHANGED = "password_changed"
        EMAIL_CHANGED = "email_changed"
        ACCOUNT_LOCKED = "account_locked"
        ACCOUNT_UNLOCKED = "account_unlocked"
        SESSIONS_ENDED = "sessions_ended"

    name = models.CharField(max_length=40, choices=Name.choices, unique=True)
    subject = models.CharField(max_length=150)
    text_body = models.TextField(max_length=20000)
    html_body = models.TextField(max_length=20000, blank=True, help_text="Without it the mail is text only.")
    is_enabled = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "e-mail template"
        verbose_name_plural = "e-mail templates"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        from userprofile.mechanisms.templates import validate_template

        validate_template(name=self.name, subject=self.subject, text=self.text_body, html=self.html_body)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises ValidationError for an unknown placeholder or a missing one, whoever saves."""
        self.full_clean(validate_unique=False, validate_constraints=False)
        super().save(*args, **kwargs)


class EmailsLogs(Mail):
    """A mail in the outbox; a mail with a code is the code, though its digits are stored nowhere."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="emails", db_index=False)
    template = models.CharField(max_length=40, choices=EmailTemplates.Name.choices)

    class Meta:
        verbose_name = "e-mail"
        verbose_name_plural = "e-mails"
        ordering = ("-id",)
        indexes = (
            models.Index("user", "template", models.F("id").desc(), name="emails_newest_code"),
            models.Index(
                "next_attempt_at",
                name="emails_due",
                condition=models.Q(status__in=("queued", "sending")),
            ),
            models.Index("created_at", name="emails_created"),
        )

    def __str__(self) -> str:
        return f"{self.template} to {self.to_email}"


class LoginActivityQuerySet(models.QuerySet["LoginActivity"]):
    def open(self, *, at: datetime) -> "LoginActivityQuerySet":
        """The sessions that tokens may still be used for."""
        return self.filter(attempt_name="login_success", logout_time=None, refresh_expires_at__gt=at)

    def end_open(self, *, at: datetime) -> int:
        """End the sessions among these rows; how many were open."""
        return self.filter(attempt_name="login_success", logout_time=None).update(logout_time=at)


class LoginActivity(models.Model):
    """One attempt to sign in; a successful one is the session that its tokens belong to."""

    class Attempt(models.TextChoices):
        LOGIN_SUCCESS = "login_success"
        LOGIN_FAILED = "login_failed"
        LOGIN_LOCKED = "login_locked"
        LOGOUT = "logout"

    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="activity", db_index=False
    )
    email = models.CharField(max_length=254)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    created_at = models.DateTimeField(default=now)
    logout_time = models.DateTimeField(null=True, blank=True)
    attempt_name = models.CharField(max_length=13, choices=Attempt.choices)

    refresh_count = models.PositiveIntegerField(
        default=0, help_text="Which refresh token is the current one."
    )
    refreshed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the current tokens were issued."
    )
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_expires_at = models.DateTimeField(null=True, blank=True)

    objects = LoginActivityQuerySet.as_manager()

    class Meta:
        verbose_name = "login activity"
        verbose_name_plural = "login activity"
        ordering = ("-id",)
        indexes = (
            models.Index("user", models.F("id").desc(), name="activity_newest"),
            models.Index(
                "user",
                name="activity_open",
                condition=models.Q(attempt_name="login_success", logout_time=None),
            ),
            models.Index("created_at", name="activity_created"),
        )

    def __str__(self) -> str:
        return f"{self.attempt_name} {self.email}"


class Decoy(Guarded):
    """Stands in for every address that nobody has, so that PREVENT_ENUMERATION can count alike.

    Bounded: addresses share 2**24 rows by a keyed hash, so many that hardly any two ever meet.
    """

    bucket = models.PositiveIntegerField(primary_key=True)
    updated_at = models.DateTimeField(auto_now=True)

    @property
    def email(self) -> str:
        """Where its mails would go: an address that there cannot be (RFC 2606)."""
        return f"{self.bucket}@decoy.invalid"

    email_canonical = email


class DecoyMail(Mail):
    """What an unknown address would have been sent: never is, and its code opens nothing.

    It costs a stranger's request the statements that a user's mail costs, index for index. Bounded:
    a decoy has one of each template, and the next one takes its place.
    """

    user = models.ForeignKey(Decoy, on_delete=models.CASCADE, related_name="emails", db_index=False)
    template = models.CharField(max_length=40, choices=EmailTemplates.Name.choices)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "template"), name="decoy_mails_one_of_each"),)
        indexes = (
            models.Index("next_attempt_at", name="decoy_mails_due"),
            models.Index("created_at", name="decoy_mails_created"),
        )


class ThrottleCounter(models.Model):
    """Requests counted for one key within one window of time."""

    key = models.CharField(max_length=64, primary_key=True)
    requests = models.PositiveIntegerField()
    window_ends_at = models.DateTimeField(db_index=True)
