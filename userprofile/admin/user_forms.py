"""The forms of accounts: the API's rules for each value, the admin's words for each refusal."""

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm

from userprofile.addresses import MAX_LENGTH
from userprofile.exceptions import FieldRefusal
from userprofile.journeys import administration
from userprofile.models import User
from userprofile.serializers import UserDetails

Errors = dict[str, list[str]]
WHEN_DISABLED = "Disabled: nobody signs in until the owner has set a password by resetting it."


class AddressField(forms.CharField):
    """Not forms.EmailField: the seed's `Shambhu@botshyeyasi` may be saved unchanged."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "max_length": MAX_LENGTH, "label": "E-mail"})
        self.widget.attrs.update(autocapitalize="none", autocomplete="off", spellcheck="false", size="40")


class ChangeForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    email = AddressField()

    def clean(self) -> dict[str, Any]:
        return judged(self)

    def _get_validation_exclusions(self) -> set[str]:
        """The column's own validator knows no host without a dot, however long it has been stored."""
        return {*super()._get_validation_exclusions(), "email"}  # type: ignore[misc]

    def changes(self) -> dict[str, Any]:
        """The columns that this form was used to change; the lists of rights are no columns."""
        columns = {column.name for column in User._meta.concrete_fields}
        return {name: self.cleaned_data[name] for name in self.changed_data if name in columns}


class AddForm(AdminUserCreationForm):  # type: ignore[type-arg]
    email = AddressField()
    usable_password = AdminUserCreationForm.create_usable_password_field(WHEN_DISABLED)

    class Meta:
        model = User
        fields = ("email", "username")

    def clean_username(self) -> str:
        """Django's own would leave None in its place; `clean` judges it with the rest."""
        return str(self.cleaned_data["username"])

    def clean(self) -> dict[str, Any]:
        super().clean()
        return judged(self)


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Ends every session and tells the owner; writes the hash and no other column."""

    usable_password_help_text = WHEN_DISABLED

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        administration.set_password(user=user)
        return user


def judged(form: "forms.ModelForm[User]") -> dict[str, Any]:
    """The form's values as the API would have them; what it would refuse becomes the form's errors."""
    saved = form.instance if form.instance.pk else None
    changes, errors = _judge(form.instance, UserDetails(saved, data=_texts(form.cleaned_data)))
    for name, texts in errors.items():
        form.add_error(name if name in form.fields else None, texts)
    return {**form.cleaned_data, **changes}


def _texts(values: dict[str, Any]) -> dict[str, str]:
    """What the serializer is to judge, as a client would have sent it."""
    named = {name: value for name, value in values.items() if name in UserDetails().fields}
    texts = {name: value.isoformat() if isinstance(value, date) else value for name, value in named.items()}
    return {name: value for name, value in texts.items() if isinstance(value, str)}


def _judge(user: User, details: UserDetails) -> tuple[dict[str, Any], Errors]:
    """(the values that are fine, what is wrong with the others)"""
    if not details.initial_data:
        return {}, {}  # each value has been refused already
    if not details.is_valid():
        return {}, {name: [str(text) for text in texts] for name, texts in details.errors.items()}
    try:
        administration.judge(user, details.validated_data)
    except FieldRefusal as refusal:
        return {}, refusal.details
    return details.validated_data, {}
