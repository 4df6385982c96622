"""A served dashboard with two schools, a teacher of one, and an administrator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By

from dashboard.login import passwords
from dashboard.login.accounts import Account, Accounts
from dashboard.store import Store
from tests.dashboard.conftest import batch_for, running_dashboard
from tests.dashboard.device_messages import status
from tests.dashboard.test_app import fill, now
from tests.support import await_port, await_true, free_port

PASSWORD = "four words for anna"
HASH = passwords.hashed(PASSWORD)
ANNAS_ROOM, OTHER_ROOM = "school-a/room-12", "school-b/room-7"


@dataclass(frozen=True)
class Site:
    """Where it is, and its files."""

    url: str
    accounts: Accounts
    store: str


def fill_two_schools(url: str) -> None:
    """Live numbers in a room of Anna's, and a room of another school."""
    store = Store(url)
    fill(store)
    with batch_for(store) as batch:
        batch.set_status("school-b", "room-7", status(), now())
    store.close()


@contextmanager
def running_site(folder: Path, *options: str, scheme: str = "http") -> Iterator[Site]:
    """`python -m dashboard show` with accounts.

    Args:
        folder: for its store and accounts.
    """
    store, port = f"sqlite:///{folder}/counts.db", free_port()
    fill_two_schools(store)
    accounts = Accounts(folder / "accounts.json")
    accounts.put("anna", Account(role="teacher", rooms=("school-a/*",), password=HASH))
    accounts.put("root", Account(role="administrator", password=HASH))
    arguments = ["--store", store, "--accounts", str(accounts.path), "--port", str(port)]
    with running_dashboard("show", *arguments, *options) as process:
        await_port(port, process)
        yield Site(f"{scheme}://127.0.0.1:{port}", accounts, store)


def log_in(chrome: webdriver.Chrome, name: str, password: str = PASSWORD) -> None:
    """Fills the form in as a person would."""
    await_true(lambda: chrome.find_elements(By.ID, "password"))
    field = chrome.find_element(By.ID, "name")
    field.clear()
    field.send_keys(name)
    chrome.find_element(By.ID, "password").send_keys(password)
    chrome.find_element(By.TAG_NAME, "button").click()


def visible(chrome: webdriver.Chrome) -> str:
    """All text that the page shows."""
    return str(chrome.execute_script("return document.body.innerText"))
