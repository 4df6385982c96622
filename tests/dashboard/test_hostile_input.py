"""Wrong and hostile input meets every page: clear, safe, and without a trace in the store."""

import json
from pathlib import Path
from urllib.parse import quote

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from selenium import webdriver

from dashboard.store import Store
from dashboard.texts import ENGLISH
from tests.browser import chromium, require_chromium, text_of
from tests.dashboard.conftest import batch_for, running_dashboard
from tests.dashboard.device_messages import counts, status
from tests.dashboard.login.site import OTHER_ROOM, log_in, running_site, visible
from tests.dashboard.pages import ROOM, SITE, device
from tests.dashboard.test_app import fill, now, page, said
from tests.support import await_port, await_true, free_port

PAGES = ["", "lesson-report", "all-devices", "try-it", "about-the-figures"]
WITH_ROOMS = ["", "lesson-report", "all-devices"]
SCRIPT = "<img src=x onerror='window.pwned=1'><script>window.pwned=2</script>"
SQL = "'; DROP TABLE windows; --"


@pytest.mark.parametrize("name", ["live", "lesson", "devices"])
def test_no_store(monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str, name: str) -> None:
    app = page(monkeypatch, store_url)
    monkeypatch.setenv("DASHBOARD_STORE", "sqlite:////dev/null/counts.db")
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception and ENGLISH.common.no_store[0] in said(app)


@pytest.mark.parametrize("room", [SQL, SCRIPT, "\0" + "x" * 100_000])
@pytest.mark.parametrize("name", ["live", "lesson", "devices", "about"])
def test_an_address_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str, room: str, name: str
) -> None:
    fill(store)
    app = page(monkeypatch, store_url, room)
    app.query_params["lang"] = room
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception
    assert not any(room in part.value for part in [*app.header, *app.markdown, *app.caption])
    assert len(store.windows("school-a", "room-12", now().replace(year=2000))) == 3


def _is_untouched(chrome: webdriver.Chrome) -> None:
    assert chrome.execute_script("return window.pwned") is None
    assert not chrome.execute_script("return document.querySelector('img[src=x]')")


@pytest.mark.browser
@pytest.mark.mosquitto
def test_strangers_words_on_every_page(tmp_path: Path, mosquitto: int) -> None:
    """Names and numbers that the schema forbids, in the store and from the broker."""
    require_chromium()
    url, port = f"sqlite:///{tmp_path}/counts.db", free_port()
    store = Store(url)
    with batch_for(store) as batch:
        batch.set_status(SITE, SCRIPT, status("offline", "connection_lost"), now())
        batch.add_counts(SITE, counts(0, end=now()), now())
        batch.set_status(SCRIPT, "room-1", status(), now())
        batch.reject("counts", "missing", SCRIPT, now())
    broker = f"mqtt://127.0.0.1:{mosquitto}"
    show = ("show", "--store", url, "--port", str(port), "--broker", broker)
    with (
        running_dashboard("record", "--store", url, "--broker", broker),
        running_dashboard(*show) as process,
        chromium(tmp_path / "profile", width=1280, height=900) as chrome,
    ):
        await_port(port, process)
        address = f"http://127.0.0.1:{port}"
        for path in PAGES:
            room = quote(f"{SITE}/{SCRIPT}{SQL}")
            chrome.get(f"{address}/{path}?room={room}&lang={quote(SCRIPT)}")
            await_true(lambda: ENGLISH.common.only_counts in visible(chrome))
            _is_untouched(chrome)
        with device(mosquitto) as one:
            one.put(happy=41, uncertain=0)
            chrome.get(f"{address}/?room={SITE}/{ROOM}")
            await_true(lambda: "41" in text_of(chrome, "people-now"))
            _publish_nonsense(mosquitto)
            one.put(happy=42, uncertain=0)
            await_true(lambda: "42" in text_of(chrome, "people-now"))
            _is_untouched(chrome)
            assert "999" not in visible(chrome)
        await_true(lambda: sum(row.times for row in store.rejected()) >= 6)
    store.close()


def _publish_nonsense(port: int) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    right = json.loads(counts(9, end=now(), happy=999, uncertain=0).to_json())
    topic = f"classroom/v1/{SITE}/{ROOM}/counts"
    for where, payload in (
        (topic, b""),
        (topic, b"\xff\xfe"),
        (topic, b"[" * 4000),
        (topic, json.dumps(right | {"device": "room-13"}).encode()),
        (topic, json.dumps(right | {"name": SCRIPT}).encode()),
        (topic.replace("counts", "status"), SCRIPT.encode()),
    ):
        client.publish(where, payload, qos=1).wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


@pytest.mark.browser
def test_no_broker(tmp_path: Path) -> None:
    """The store's numbers are shown, and nothing can be paused."""
    require_chromium()
    url, port = f"sqlite:///{tmp_path}/counts.db", free_port()
    store = Store(url)
    fill(store)
    store.close()
    nobody = f"mqtt://127.0.0.1:{free_port()}"
    show = ("show", "--store", url, "--port", str(port), "--broker", nobody)
    with (
        running_dashboard(*show) as process,
        chromium(tmp_path / "profile", width=1280, height=900) as chrome,
    ):
        await_port(port, process)
        chrome.get(f"http://127.0.0.1:{port}/")
        await_true(lambda: text_of(chrome, "people-now"))
        button = chrome.execute_script(
            "return document.querySelector('.st-key-pause-or-resume button')"
        )
        assert button is None or not button.is_enabled()


@pytest.mark.browser
def test_a_teacher_never_sees_anothers_room(tmp_path: Path) -> None:
    """On no page, by no address; and it looks as if the room did not exist."""
    require_chromium()
    with (
        running_site(tmp_path) as site,
        chromium(tmp_path / "profile", width=1280, height=900) as chrome,
    ):
        chrome.get(site.url)
        log_in(chrome, "anna")
        await_true(lambda: "anna" in text_of(chrome, "logout"))
        for path in WITH_ROOMS:
            shown = []
            for room in (OTHER_ROOM, "school-b/room-99"):
                chrome.get(f"{site.url}/{path}?room={room}")
                await_true(lambda: "anna" in text_of(chrome, "logout"))
                shown.append(text_of(chrome, "notice"))
                assert "room-7" not in visible(chrome).replace(room, "")
            assert shown[0].replace(OTHER_ROOM, "") == shown[1].replace("school-b/room-99", "")
