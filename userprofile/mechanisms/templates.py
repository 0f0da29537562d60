"""The texts of mails: `{{ name }}` placeholders from an allow-list, nothing else of a template language."""

import html as html_escapes
import logging
import re
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError

from userprofile.models import EmailTemplates

Name = EmailTemplates.Name
EVERYWHERE = frozenset({"first_name", "email", "service_name"})
CODE = EVERYWHERE | {"otp", "minutes"}
NOTICE = EVERYWHERE | {"time", "ip_address"}
ALLOWED: dict[str, frozenset[str]] = {
    Name.PASSWORD_RESET_CODE: CODE,
    Name.EMAIL_VALIDATION_CODE: CODE,
    Name.PASSWORD_CHANGED: NOTICE,
    Name.EMAIL_CHANGED: NOTICE | {"new_email"},
    Name.ACCOUNT_LOCKED: NOTICE,
    Name.ACCOUNT_UNLOCKED: NOTICE,
    Name.SESSIONS_ENDED: NOTICE,
}

PLACEHOLDER = re.compile(r"(?<!\{)\{\{[ \t]*(\w+)[ \t]*\}\}(?!\})")
MALFORMED = re.compile(r"\{\{|\}\}|\{%|\{#")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# What would break a line, or turn the direction of the words around a value.
BREAKING = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")

logger = logging.getLogger(__name__)


def validate_template(*, name: str, subject: str, text: str, html: str | None) -> None:
    """Raises ValidationError with the messages of each field of EmailTemplates."""
    if name not in ALLOWED:
        raise ValidationError({"name": ["No mail has this name."]})
    problems = {
        "subject": _problems(subject, allowed=ALLOWED[name]),
        "text_body": _problems(text, allowed=ALLOWED[name]) + _missing(text, name=name),
        "html_body": _problems(html or "", allowed=ALLOWED[name])
        + (_missing(html, name=name) if html and html.strip() else []),
    }
    if re.search(r"[\r\n]", subject):
        problems["subject"].append("A subject is one line.")
    if found := {field: messages for field, messages in problems.items() if messages}:
        raise ValidationError(found)


def render(*, name: str, values: dict[str, str]) -> tuple[str, str, str | None]:
    """Subject, text and HTML of a mail: from the enabled row if it is sound, else from the files."""
    subject, text, html = _stored(name) or read_files(name)
    plain = {key: BREAKING.sub(" ", value).strip() for key, value in values.items()}
    subject = _fill(subject, plain)
    if not html.strip():
        return subject, _fill(text, plain), None
    escaped = {key: html_escapes.escape(value) for key, value in plain.items()}
    layout = {**escaped, "subject": html_escapes.escape(subject), "body": _fill(html, escaped)}
    return subject, _fill(text, plain), _fill((_folder() / "layout.html").read_text("utf-8"), layout)


def read_files(name: str) -> tuple[str, str, str]:
    """Subject, text and HTML as they come with the service."""
    parts = [
        (_folder() / f"{Name(name).value}.{kind}").read_text("utf-8")
        for kind in ("subject.txt", "txt", "html")
    ]
    return parts[0].strip(), parts[1], parts[2]


def _stored(name: str) -> tuple[str, str, str] | None:
    """The admin's text; raw SQL may have left there what `save` would have refused."""
    row = EmailTemplates.objects.filter(name=name, is_enabled=True).first()
    if row is None:
        return None
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError:
        logger.warning("E-mail template %s is invalid: the file serves instead.", name)
        return None
    return row.subject, row.text_body, row.html_body


def _problems(text: str, *, allowed: frozenset[str]) -> list[str]:
    found = []
    for unknown in sorted(set(PLACEHOLDER.findall(text)) - allowed):
        choice = ", ".join(sorted(allowed))
        found.append(f"Unknown placeholder {{{{ {unknown} }}}}; it may be one of: {choice}.")
    if MALFORMED.search(PLACEHOLDER.sub(" ", text)):
        found.append("Write placeholders as {{ name }}; other {{, }}, {% or {# are not understood.")
    if CONTROL.search(text):
        found.append("Control characters are not allowed.")
    longest = EmailTemplates._meta.get_field("text_body").max_length or 0
    if len(text) > longest:
        found.append(f"At most {longest} characters.")
    return found


def _missing(text: str, *, name: str) -> list[str]:
    """Whichever part a mail program shows must carry the code."""
    needs_code = "otp" in ALLOWED[name] and "otp" not in PLACEHOLDER.findall(text)
    return ["This mail needs {{ otp }}."] if needs_code else []


def _fill(text: str, values: dict[str, str]) -> str:
    """In one pass, so that a placeholder within a value stays what it is: text."""
    return PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _folder() -> Path:
    return Path(settings.BASE_DIR) / "templates" / "emails"
