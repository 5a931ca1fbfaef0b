"""A real browser on the client: headless Chromium, driven by Selenium.

Only the browser is on the client. Its driver is on this machine, and the two talk through pipes.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as when
from selenium.webdriver.support.wait import WebDriverWait

from tests.sandbox import network
from tests.sandbox.access import Access
from tests.sandbox.addresses import CLIENT
from tests.sandbox.build import debian
from tests.sandbox.node import FILES
from tests.sandbox.process import execute, wait_for
from tests.sandbox.sso.flow import USER, User

DRIVER = "/usr/bin/chromedriver"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # It asks nobody but who it is told to.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--remote-debugging-pipe",
)
PATIENCE = 20.0


@contextlib.contextmanager
def opened(sandbox: Access, ca: Path | str) -> Iterator[WebDriver]:
    """Run a browser without a past that trusts the CA in a PEM file, until the block ends.

    The browser is installed (a Debian package) when it is missing.
    """
    debian.install("browser")
    with tempfile.TemporaryDirectory(prefix="cp-ingress-browser-", ignore_cleanup_errors=True) as home:
        trust(Path(home), ca)
        driver = webdriver.Chrome(options=_options(Path(home)), service=_service(sandbox, Path(home)))
        try:
            driver.set_page_load_timeout(PATIENCE)
            yield driver
        finally:
            driver.quit()


def trust(home: Path, ca: Path | str) -> None:
    """Make the CA a trusted one of the user with that home directory."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    database = ["certutil", "-d", f"sql:{store}"]
    execute([*database, "-N", "--empty-password"])
    execute([*database, "-A", "-t", "C,,", "-n", "ingress", "-i", str(ca)])


def log_in(driver: WebDriver, url: str, user: User = USER) -> str:
    """Open the console, log in at Dex's form, and return the address where that ended."""
    driver.get(url)
    fill_in(driver, user)
    shown(driver, "email")
    return driver.current_url


def wait_for_form(driver: WebDriver, url: str) -> None:
    """Open the console until Dex asks who one is: it can't while the apiserver that it stores in restarts."""

    def asked() -> bool:
        driver.get(url)
        try:
            WebDriverWait(driver, 5).until(when.presence_of_element_located((By.ID, "login")))
        except TimeoutException:
            return False
        return True

    wait_for(asked, timeout=60, what=f"Dex's form at {url}", interval=1)


def fill_in(driver: WebDriver, user: User = USER) -> None:
    """Fill in Dex's form and send it."""
    WebDriverWait(driver, PATIENCE).until(when.presence_of_element_located((By.ID, "login")))
    driver.find_element(By.ID, "login").send_keys(user.email)
    driver.find_element(By.ID, "password").send_keys(user.password)
    driver.find_element(By.ID, "submit-login").click()


def shown(driver: WebDriver, name: str, *, within: float = PATIENCE) -> str:
    """Text of the element with that id, once it is there; the console has `email`, `user`, `error`."""
    found = WebDriverWait(driver, within).until(when.presence_of_element_located((By.ID, name)))
    return found.text


def _options(home: Path) -> webdriver.ChromeOptions:
    options = webdriver.ChromeOptions()
    options.binary_location = str(FILES / "browser.sh")
    for flag in (*FLAGS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    return options


def _service(sandbox: Access, home: Path) -> Service:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "SANDBOX_NETNS": str(network.netns(CLIENT.name)),
        "SANDBOX_HOSTS": str(sandbox.directory / "client" / "hosts"),
    }
    return Service(DRIVER, env=environment, log_output=subprocess.DEVNULL)
