"""The login in front of the real server: by hand over HTTP, and in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from selenium.webdriver.common.by import By

from dashboard.login import form
from dashboard.login.attempts import ACCOUNT_TRIES
from dashboard.texts import ENGLISH, GERMAN
from tests.browser import chromium, require_chromium, text_of
from tests.certificates import make_certificate
from tests.dashboard.conftest import running_dashboard
from tests.dashboard.login.site import (
    ANNAS_ROOM,
    OTHER_ROOM,
    PASSWORD,
    Site,
    log_in,
    running_site,
    visible,
)
from tests.support import PATIENCE_SECONDS, await_port, await_true, free_port

PAGE = {"Accept": "text/html"}
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


def get(site: Site, path: str, **headers: str) -> requests.Response:
    return requests.get(
        site.url + path, headers=headers, allow_redirects=False, timeout=PATIENCE_SECONDS
    )


def post(site: Site, query: str = "", headers: dict[str, str] | None = None, **fields: str):  # type: ignore[no-untyped-def]
    return requests.post(
        f"{site.url}/login{query}",
        data=fields,
        headers=headers,
        allow_redirects=False,
        timeout=PATIENCE_SECONDS,
    )


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/host-config",
        "/_stcore/metrics",
        "/_stcore/upload_file/x/y",
        "/media/0123.csv",
        "/static/js/index.js",
        "/component/streamlit_webrtc.webrtc/index.html",
        "/auth/login",
        "/nonsense",
        "/login/",
        "//login",
    ],
)
def test_without_a_session_nothing_is_answered(site: Site, path: str) -> None:
    answer = get(site, path)
    assert answer.status_code == 401 and answer.text == "Expected a login.\n"


def test_without_a_session_no_websocket_is_opened(site: Site) -> None:
    assert get(site, "/_stcore/stream", **WEBSOCKET).status_code == 403
    made_up = {**WEBSOCKET, "Cookie": "classroom_session=made-up"}
    assert get(site, "/_stcore/stream", **made_up).status_code == 403


def test_a_page_leads_to_the_login_and_back(site: Site) -> None:
    answer = get(site, "/all-devices?room=school-a%2Froom-12", **PAGE)
    assert answer.status_code == 303
    target = answer.headers["location"]
    assert target.startswith("/login?next=%2Fall-devices%3Froom")
    back = post(site, target.removeprefix("/login"), name="Anna", password=PASSWORD)
    assert back.status_code == 303
    assert back.headers["location"] == "/all-devices?room=school-a%2Froom-12"


def test_the_cookie_is_for_this_server_alone(site: Site) -> None:
    answer = post(site, name="anna", password=PASSWORD)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=36000" in cookie
    assert answer.headers["cache-control"] == "no-store"
    page = get(site, "/", Cookie=cookie.partition(";")[0])
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("?next=https://evil.example/", "/"),
        ("?next=//evil.example/", "/"),
        ("?next=/%5Cevil.example/", "/"),
        ("?next=/%0d%0aSet-Cookie:%20a=b", "/"),
        ("?next=/login", "/"),
        ("", "/"),
        ("?next=/lesson-report", "/lesson-report"),
    ],
)
def test_a_login_never_leads_elsewhere(site: Site, query: str, target: str) -> None:
    answer = post(site, query, name="anna", password=PASSWORD)
    assert answer.headers["location"] == target


def test_a_form_of_another_site_is_refused(site: Site) -> None:
    right = {"name": "anna", "password": PASSWORD}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = post(site, headers=headers, **right)
        assert answer.status_code == 403 and "set-cookie" not in answer.headers
        assert ENGLISH.login.other_site in answer.text


@pytest.mark.parametrize("name", ["' OR 1=1 --", "<script>alert(1)</script>", "ü" * 99, "\0"])
def test_what_is_typed_is_only_ever_text(site: Site, name: str) -> None:
    answer = post(site, name=name, password='"><script>alert(2)</script>')
    assert answer.status_code == 403 and ENGLISH.login.wrong in answer.text
    assert "<script" not in answer.text


def test_a_form_of_megabytes_is_refused(site: Site) -> None:
    assert post(site, name="x" * 10_000_000, password=PASSWORD).status_code == 413


def test_guessing_has_to_wait(site: Site) -> None:
    for _ in range(ACCOUNT_TRIES):
        assert post(site, name="guessed", password="a wrong password").status_code == 403
    answer = post(site, name="guessed", password="a wrong password")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 901
    assert ENGLISH.login.wait.format(minutes=15) in answer.text


def test_the_login_speaks_the_browsers_language(site: Site) -> None:
    german = get(site, "/login", **{"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"})
    assert GERMAN.login.heading in german.text and 'lang="de"' in german.text
    assert form.language_of("fr;q=1, nonsense", None) == "en"
    assert form.language_of("de", "en") == "en"


def test_without_a_login_only_names_of_this_machine_are_answered(tmp_path: Path) -> None:
    port = free_port()
    store = f"sqlite:///{tmp_path}/counts.db"
    with running_dashboard("show", "--store", store, "--port", str(port)) as process:
        await_port(port, process)
        site = f"http://127.0.0.1:{port}"
        for host, status in (
            (f"127.0.0.1:{port}", 200),
            (f"localhost:{port}", 200),
            ("[::1]", 200),
            (f"evil.example:{port}", 403),
            ("127.0.0.1.evil.example", 403),
            ("[", 403),
        ):
            headers = {"Host": host}
            answer = requests.get(site, headers=headers, timeout=PATIENCE_SECONDS)
            assert answer.status_code == status, host


def test_tls_and_a_cookie_that_only_travels_by_it(tmp_path: Path) -> None:
    shown = make_certificate(tmp_path / "tls", "page")
    files = ("--https-cert", str(shown.certificate_file), "--https-key", str(shown.key_file))
    with running_site(tmp_path, *files, scheme="https") as site:
        answer = requests.post(
            f"{site.url}/login",
            data={"name": "anna", "password": PASSWORD},
            # Else the server's end waits for one side of TLS, up to half a minute.
            headers={"Connection": "close"},
            verify=str(shown.certificate_file),
            allow_redirects=False,
            timeout=PATIENCE_SECONDS,
        )
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


@pytest.mark.browser
def test_a_teacher_logs_in_sees_their_rooms_alone_and_logs_out(site: Site, tmp_path: Path) -> None:
    require_chromium()
    with chromium(tmp_path / "profile", width=1280, height=800) as chrome:
        chrome.get(f"{site.url}/?room={OTHER_ROOM}")
        log_in(chrome, "anna", "a wrong password")
        await_true(lambda: ENGLISH.login.wrong in visible(chrome))
        log_in(chrome, "anna")
        # Another's room and one that does not exist look the same.
        await_true(lambda: ENGLISH.common.unknown_room[0] in text_of(chrome, "notice"))
        refused = text_of(chrome, "notice")
        assert "room-7" not in refused
        chrome.get(f"{site.url}/?room=school-b/room-99")
        await_true(lambda: text_of(chrome, "notice") == refused)
        chrome.get(f"{site.url}/?room={ANNAS_ROOM}")
        await_true(lambda: text_of(chrome, "people-now"))
        await_true(lambda: "anna" in text_of(chrome, "logout"))

        page = chrome.current_window_handle
        chrome.switch_to.new_window("tab")
        other_tab = chrome.current_window_handle
        chrome.get(site.url)
        await_true(lambda: text_of(chrome, "people-now"))
        chrome.switch_to.window(page)
        chrome.find_element(By.CSS_SELECTOR, ".st-key-log-out button").click()
        await_true(lambda: ENGLISH.login.ended[0] in visible(chrome))
        # The other tab has ended as well, by itself.
        chrome.switch_to.window(other_tab)
        await_true(lambda: ENGLISH.login.ended[0] in visible(chrome))
        assert not text_of(chrome, "people-now")
        chrome.find_element(By.LINK_TEXT, ENGLISH.login.again).click()
        log_in(chrome, "root")
        await_true(lambda: text_of(chrome, "people-now"))
        chrome.get(f"{site.url}/?room={OTHER_ROOM}")
        await_true(lambda: "root" in text_of(chrome, "logout"))
        assert ENGLISH.common.unknown_room[0] not in visible(chrome)
