"""Accounts in the admin: what it shows of them, and what its staff may change in them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from userprofile.addresses import canonical
from userprofile.admin import locks
from userprofile.admin.times import short
from userprofile.admin.user_actions import end_all_sessions, unblock, unlock
from userprofile.admin.user_forms import AddForm, ChangeForm, PasswordForm
from userprofile.admin_site.states import STATES, condition
from userprofile.clock import now
from userprofile.exceptions import FieldRefusal
from userprofile.journeys import administration
from userprofile.models import EmailsLogs, User

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
OWN_ADDRESS = "Your own is changed over the API (User_update/): it wants a fresh sign-in or your password."


class StateFilter(SimpleListFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        state = self.value()
        return queryset.filter(condition(state, at=now())) if state in STATES else queryset


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # no generic at run time
    form = ChangeForm
    add_form = AddForm
    change_password_form = PasswordForm
    list_display = ("address", "state", "name", "is_staff", "signed_in")
    list_filter = (StateFilter, "is_staff")
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ("email_canonical",)
    search_fields = ("email_canonical", "username", "first_name", "last_name")
    search_help_text = "E-mail address in any spelling, username, or name."
    actions = (unlock, unblock, end_all_sessions)
    readonly_fields = (
        "is_email_verified",
        "password_state",
        "sign_in_lock",
        "reset_lock",
        "block",
        "records",
        "last_login",
        "logout",
        "date_joined",
    )
    fieldsets = (
        (None, {"fields": ("email", "is_email_verified", "username", "password_state", "is_active")}),
        ("Locks", {"fields": ("sign_in_lock", "reset_lock", "block")}),
        (
            "Person",
            {
                "fields": (
                    ("first_name", "last_name"),
                    ("short_name", "gender"),
                    ("phone", "dob"),
                    "timezone",
                    "profile_pic",
                )
            },
        ),
        ("Rights", {"fields": RIGHTS}),
        ("Activity", {"fields": ("last_login", "logout", "date_joined", "records")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "username", "usable_password", "password1", "password2"),
            },
        ),
    )

    class Media:
        css = {"all": ("userprofile/admin.css",)}

    # What this member of staff may do: nobody raises their own rights, takes over an account that
    # has rights of its own, or changes with a session alone what they themselves sign in with.

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        own = ("email",) if obj == request.user else ()
        return (*self.readonly_fields, *own, *(() if request.user.is_superuser else RIGHTS))

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        own = {"help_texts": {"email": OWN_ADDRESS}} if obj == request.user else {}
        return super().get_form(request, obj, change=change, **own, **kwargs)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """One's own is changed on the page that asks for the present one."""
        if self.get_object(request, unquote(id)) == request.user:
            return HttpResponseRedirect(reverse("admin:password_change"))
        return super().user_change_password(request, id, form_url)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Mails go with their owner, though nobody deletes one alone."""
        found, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        return found, counts, forbidden - {EmailsLogs._meta.verbose_name}, protected

    # What the pages show.

    @admin.display(description="e-mail", ordering="email_canonical")
    def address(self, user: User) -> str:
        return user.email

    @admin.display(description="name")
    def name(self, user: User) -> str:
        return user.get_full_name() or user.short_name

    @admin.display(description="state")
    def state(self, user: User) -> str:
        words = ((word,) for word in locks.badges(user, at=now()))
        return format_html_join(" ", '<span class="badge badge-{0}">{0}</span>', words)

    @admin.display(description="last login", ordering="last_login")
    def signed_in(self, user: User) -> str:
        return short(user.last_login)

    @admin.display(description="sign-in lock")
    def sign_in_lock(self, user: User) -> str:
        return locks.sign_in_lock(user, at=now())

    @admin.display(description="reset lock")
    def reset_lock(self, user: User) -> str:
        return locks.reset_lock(user, at=now())

    @admin.display(description="block")
    def block(self, user: User) -> str:
        return locks.block(user, at=now())

    @admin.display(description="password")
    def password_state(self, user: User) -> str:
        state = "set" if user.has_usable_password() else "not set"
        return format_html('{} · <a href="../password/">Set another password</a>', state)

    @admin.display(description="records")
    def records(self, user: User) -> str:
        addresses = (
            (reverse(f"admin:userprofile_{table}_changelist"), user.pk, words)
            for table, words in (("loginactivity", "Sign-ins"), ("emailslogs", "Mails"))
        )
        return format_html_join(" · ", '<a href="{}?user__id__exact={}">{}</a>', addresses)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """A whole address is looked up by its index; anything else is looked for within the columns."""
        try:
            form = canonical(search_term)
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        exact = queryset.filter(email_canonical=form)
        return (exact, False) if exact.exists() else super().get_search_results(request, queryset, form)

    # What the forms write.

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Somebody else took the address between the form's check and the write: say it, and start again."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except FieldRefusal as refusal:
            for texts in refusal.details.values():
                self.message_user(request, " ".join(texts), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(
        self, request: HttpRequest, obj: User, form: "forms.ModelForm[User]", change: bool
    ) -> None:
        if isinstance(form, ChangeForm):
            administration.update(user=obj, changes=form.changes())
        else:
            administration.create(obj)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Superusers may touch every account, other staff their own and those without rights."""
    me = request.user
    return user is None or me.is_superuser or me.pk == user.pk or not (user.is_staff or user.is_superuser)
