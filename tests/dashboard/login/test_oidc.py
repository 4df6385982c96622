"""The school's own login: what its tokens are worth, and the whole way in a real browser."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By

from dashboard.login.accounts import Account, Accounts
from dashboard.login.oidc import Oidc
from dashboard.login.person import Person
from dashboard.login.sessions import SESSION_SECONDS
from dashboard.texts import ENGLISH
from tests.browser import chromium, require_chromium, text_of
from tests.dashboard.conftest import running_dashboard
from tests.dashboard.login.oidc_provider import CLIENT, SECRET, running_provider
from tests.dashboard.login.site import ANNAS_ROOM, OTHER_ROOM, fill_two_schools, visible
from tests.support import PATIENCE_SECONDS, await_port, await_true, free_port

ANNA = "anna@school.example"
NOW = 1_800_000_000.0
GOOD = {"is_logged_in": True, "iat": NOW - 60, "email": ANNA, "email_verified": True}


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.put(ANNA, Account(role="teacher", rooms=("school-a/*",)))
    return accounts


@pytest.mark.parametrize(
    ("claims", "person"),
    [
        (GOOD, Person(ANNA, False, ("school-a/*",))),
        (GOOD | {"email": "Anna@School.example"}, Person(ANNA, False, ("school-a/*",))),
        (
            {k: v for k, v in GOOD.items() if k != "email_verified"},
            Person(ANNA, False, ("school-a/*",)),
        ),
        (GOOD | {"email": "otto@school.example"}, Person("otto@school.example", False)),
        (GOOD | {"email_verified": False}, Person("", False)),
        (GOOD | {"email": None}, Person("", False)),
        (GOOD | {"iat": NOW - SESSION_SECONDS - 1}, None),
        (GOOD | {"iat": None}, None),
        (GOOD | {"is_logged_in": False}, None),
        ({}, None),
    ],
)
def test_what_a_token_is_worth(
    accounts: Accounts, claims: dict[str, object], person: Person | None
) -> None:
    assert Oidc(accounts).person(claims, NOW) == person


@pytest.mark.browser
@pytest.mark.long
def test_the_whole_way(tmp_path: Path, accounts: Accounts) -> None:
    require_chromium()
    store, port = f"sqlite:///{tmp_path}/counts.db", free_port()
    fill_two_schools(store)
    address = f"http://127.0.0.1:{port}"
    secrets = tmp_path / "secrets.toml"
    with running_provider() as provider:
        secrets.touch(mode=0o600)
        secrets.write_text(
            f'[auth]\nredirect_uri = "{address}/oauth2callback"\n'
            f'cookie_secret = "{"x" * 40}"\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
        )
        options = ["--store", store, "--accounts", str(accounts.path), "--port", str(port)]
        with (
            running_dashboard("show", *options, "--oidc-secrets", str(secrets)) as process,
            chromium(tmp_path / "profile", width=1280, height=800) as chrome,
        ):
            await_port(port, process)

            def press_until(key: str, part: str, words: str) -> None:
                """Presses a button; again later, where the page was just being drawn anew."""
                again = 0.0

                def there() -> bool:
                    nonlocal again
                    if words not in text_of(chrome, part) and time.monotonic() >= again:
                        with suppress(WebDriverException):
                            chrome.find_element(By.CSS_SELECTOR, f".st-key-{key} button").click()
                            again = time.monotonic() + PATIENCE_SECONDS / 3
                    return words in text_of(chrome, part)

                await_true(there, patience=3 * PATIENCE_SECONDS)

            chrome.get(f"{address}/?room={ANNAS_ROOM}")
            await_true(lambda: ENGLISH.login.heading in text_of(chrome, "notice"))
            assert "room-12" not in visible(chrome)
            provider.claims = {"email": ANNA, "email_verified": True}
            press_until("log-in", "logout", ANNA)
            await_true(lambda: text_of(chrome, "people-now"))
            chrome.get(f"{address}/?room={OTHER_ROOM}")
            await_true(lambda: ENGLISH.common.unknown_room[0] in text_of(chrome, "notice"))
            press_until("log-out", "notice", ENGLISH.login.heading)
            provider.claims = {"email": "otto@school.example"}
            press_until("log-in", "notice", ENGLISH.login.no_account[0])
            assert not text_of(chrome, "people-now")
