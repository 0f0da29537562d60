"""The admin's forms, filled in as a browser does: for what only an admin can do in a race."""

from html.parser import HTMLParser
from urllib.parse import urlencode

from django.conf import settings

from userprofile.models import User
from userprofile.tests.races import records
from userprofile.tests.races.server import Server
from userprofile.tests.races.volley import Answer, Call, Caller

ADMIN = f"/{settings.ADMIN_PATH}"
FORM = "application/x-www-form-urlencoded"


class Fields(HTMLParser):
    """The names and values that a browser would send back for an untouched form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""
        self._textarea = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = given.get("name") or "", given.get("type") or "text"
        if tag == "input" and name and kind not in ("submit", "file"):
            if kind not in ("checkbox", "radio") or "checked" in given:
                self.values[name] = given.get("value") or "on" * (kind == "checkbox")
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given and self._select:
            self.values[self._select] = given.get("value") or ""
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data


def _cookies(answer: Answer) -> dict[str, str]:
    found = [line.split(";")[0].partition("=") for line in answer.headers.get_all("Set-Cookie", [])]
    return {name: value for name, _, value in found}


def _signed_in(caller: Caller) -> dict[str, str]:
    """The cookies of a new admin."""
    admin = records.make_user(is_staff=True, is_superuser=True)
    page = caller.get(f"{ADMIN}login/")
    cookies = _cookies(page)
    fields = {**Fields(page.body).values, "username": admin.email, "password": records.PASSWORD}
    answer = _send(caller, f"{ADMIN}login/", fields, cookies)
    assert answer.status == 302, answer
    return cookies | _cookies(answer)


def _send(caller: Caller, path: str, fields: dict[str, str], cookies: dict[str, str]) -> Answer:
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return caller.request("POST", path, urlencode(fields), Content_Type=FORM, Cookie=cookie)


def change_user(server: Server, user: User, **changes: str | None) -> Call[Answer]:
    """Save the user's page with these values in it; None leaves a box unticked."""
    cookies = _signed_in(server.callers.first)
    path = f"{ADMIN}userprofile/user/{user.pk}/change/"
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    fields = Fields(server.get(path, Cookie=cookie).body).values
    sent = {name: value for name, value in {**fields, **changes}.items() if value is not None}
    return lambda caller: _send(caller, path, sent, cookies)
