"""/docs/ in a real browser: Swagger UI works offline, under its policy, and one can sign in there."""

import json
from typing import Any

import pytest
from django.test import Client
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from userprofile.models import User
from userprofile.tests.browser.conftest import Browser

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium is enough
PATIENCE = 30  # seconds; a busy machine is slow, not wrong
BODY = ".body-param__text"
EMAIL, USER_ID = "tr[data-param-name=email] input", "tr[data-param-name=user_id] input"
NOT_SIGNED_IN = {"detail": "Authentication credentials were not provided."}


class Docs:
    """The documentation page, as a visitor uses it."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.driver = browser.driver
        self.driver.get(address)

    def find(self, selector: str, within: WebElement | None = None) -> WebElement:
        place = self.driver if within is None else within
        found = WebDriverWait(self.driver, PATIENCE).until(
            lambda _: place.find_elements(By.CSS_SELECTOR, selector), f"Nothing matches {selector}"
        )
        return found[0]

    def click(self, selector: str, within: WebElement | None = None) -> None:
        self.driver.execute_script("arguments[0].click()", self.find(selector, within))

    def write(self, selector: str, text: str, within: WebElement | None = None) -> None:
        self.find(selector, within).send_keys(Keys.CONTROL + "a")
        self.find(selector, within).send_keys(text, Keys.TAB)  # the page reads a field when it is left

    def open(self, operation: str) -> WebElement:
        block = self.find(f"[id$='-{operation}']")
        if "is-open" not in str(block.get_attribute("class")):
            self.click(".opblock-summary-control", block)
        self.find(".execute", block)
        return block

    def execute(self, operation: str, fields: dict[str, str] | None = None) -> tuple[int, Any]:
        """Fill in an operation's fields and press *Execute*; the status and the body that are shown."""
        block = self.open(operation)
        for selector, text in (fields or {}).items():
            self.write(selector, text, block)
        self.click(".execute", block)
        answer = self.find(".live-responses-table .response", block)
        status = self.find(".response-col_status", answer).text
        return int(status), json.loads(self.find(".highlight-code code", answer).text)

    def sign_in(self, user: User, password: str) -> tuple[int, Any]:
        return self.execute("login", {BODY: json.dumps({"email": user.email, "password": password})})


@pytest.fixture
def docs(live_server: Any, browser: Browser) -> Docs:
    return Docs(browser, f"{live_server.url}/docs/")


def requests_elsewhere(browser: Browser, live_server: Any) -> list[str]:
    return [one for one in browser.requested() if not one.startswith((f"{live_server.url}/", "data:"))]


def test_signing_in_on_the_page_is_enough_and_signing_out_forgets_it(
    docs: Docs, browser: Browser, live_server: Any, user: User, password: str
) -> None:
    status, tokens = docs.sign_in(user, password)
    assert (status, set(tokens)) == (200, {"access_token", "refresh_token"})
    status, activity = docs.execute("userActivity", {EMAIL: user.email})
    assert (status, activity["email"]) == (200, user.email)
    assert [row["attempt_name"] for row in activity["activity_logs"]] == ["login_success"]
    assert browser.console() == []
    assert docs.execute("logout") == (200, {"detail": "Logout successful."})
    assert docs.execute("showUser", {USER_ID: str(user.pk)}) == (401, NOT_SIGNED_IN)
    assert requests_elsewhere(browser, live_server) == []


def test_authorize_takes_a_token(docs: Docs, client: Client, user: User, password: str) -> None:
    answer = client.post("/userprofile/login/", {"email": user.email, "password": password})
    docs.click(".auth-wrapper .authorize")
    docs.write("#auth-bearer-value", answer.json()["access_token"])
    docs.click(".auth-btn-wrapper .authorize")
    docs.click(".btn-done")
    assert docs.execute("userActivity", {EMAIL: user.email})[0] == 200


def test_docs_follow_the_visitors_colours_and_their_policy(
    docs: Docs, browser: Browser, live_server: Any
) -> None:
    for scheme, page in {"dark": "html.dark-mode", "light": "html:not(.dark-mode)"}.items():
        browser.prefer(scheme)
        docs.find(page)
    for operation in ("forgotPassword", "updateUserOrApplication"):
        docs.open(operation)
    assert browser.console() == []
    assert requests_elsewhere(browser, live_server) == []


def test_index_keeps_to_its_policy(live_server: Any, browser: Browser) -> None:
    browser.driver.get(f"{live_server.url}/")
    links = [link.get_attribute("href") for link in browser.driver.find_elements(By.TAG_NAME, "a")]
    assert links == [
        f"{live_server.url}{path}" for path in ("/docs/", "/api/schema/", "/health/live", "/health/ready")
    ]
    assert browser.console() == []
    assert requests_elsewhere(browser, live_server) == []
