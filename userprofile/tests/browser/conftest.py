"""A real Chromium for the tests of pages; skipped where there is none, but never where CI is set."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "headless",
    "no-sandbox",  # the tests may run as root, in a container
    "disable-gpu",
    "disable-dev-shm-usage",
    "disable-quic",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "no-first-run",
    "window-size=1280,1400",
    "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",  # nothing but the service can be reached
)


class Browser:
    """Chromium with its console and its network log."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def console(self) -> list[str]:
        """What the page has complained of since the last call: CSP violations among it."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requested(self) -> set[str]:
        """The addresses that pages have asked for since the last call."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return {one["request"]["url"] for one in sent if one["documentURL"].startswith("http")}

    def prefer(self, scheme: str) -> None:
        """`dark` or `light`, as the visitor's system would say."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        _do_without("There is no chromium with its chromedriver on this machine")
    try:
        chrome = _start(str(program), str(driver), tmp_path_factory.mktemp("chromium"))
    except WebDriverException as error:
        _do_without(f"Chromium does not start: {error.msg}")
    yield chrome
    chrome.quit()


@pytest.fixture
def browser(chromium: Chrome) -> Browser:
    found = Browser(chromium)
    chromium.get("about:blank")
    chromium.delete_all_cookies()
    found.console()
    found.requested()
    return found


def _start(program: str, driver: str, folder: Path) -> Chrome:
    options = ChromeOptions()
    options.binary_location = program
    for switch in (*SWITCHES, f"user-data-dir={folder}"):
        options.add_argument(f"--{switch}")
    logs: dict[str, Any] = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    return Chrome(options=options, service=ChromeService(executable_path=driver))


def _do_without(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
