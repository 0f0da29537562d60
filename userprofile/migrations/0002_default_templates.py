"""Fills EmailTemplates with the texts under templates/emails/, for admins to edit."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import migrations

NAMES = (
    "password_reset_code",
    "email_validation_code",
    "password_changed",
    "email_changed",
    "account_locked",
    "account_unlocked",
    "sessions_ended",
)


def add_missing(apps: Any, schema_editor: Any) -> None:
    templates = apps.get_model("userprofile", "EmailTemplates").objects.using(schema_editor.connection.alias)
    folder = Path(settings.BASE_DIR) / "templates" / "emails"
    for name in NAMES:
        texts = {
            "subject": (folder / f"{name}.subject.txt").read_text("utf-8").strip(),
            "text_body": (folder / f"{name}.txt").read_text("utf-8"),
            "html_body": (folder / f"{name}.html").read_text("utf-8"),
        }
        templates.get_or_create(name=name, defaults=texts)


class Migration(migrations.Migration):
    dependencies = (("userprofile", "0001_initial"),)
    operations = (migrations.RunPython(add_missing, migrations.RunPython.noop),)
