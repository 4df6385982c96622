"""The devices page against a real store."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.store import Store
from dashboard.texts import ENGLISH
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import health, status
from tests.dashboard.test_app import fill, now, page, said

WORDS = ENGLISH.devices


def devices(monkeypatch: pytest.MonkeyPatch, url: str) -> AppTest:
    app = page(monkeypatch, url)
    app.switch_page("pages/devices.py").run()
    assert not app.exception
    return app


def test_everything_of_a_device_is_in_the_table(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill(store)
    hot = {"cpu_temperature_c": 81.0, "outbox_state": "disk", "outbox_depth": 7, "windows_lost": 2}
    with batch_for(store) as batch:
        batch.set_health("school-a", "room-12", health().model_copy(update=hot), now())
    app = devices(monkeypatch, store_url)
    (row,) = app.dataframe[0].value.to_dict("records")
    shown = {key: row[heading] for key, heading in WORDS.columns.items()}
    assert shown == {
        "room": "school-a/room-12",
        "attention": "Windows lost; Hot; Other networks than the released ones",
        "state": "Online",
        "seen": shown["seen"],
        "agent": "0.1.0",
        "python": "3.11.2",
        "runtime": "2.0.0",
        "networks": "00000000 11111111",
        "released": WORDS.not_released,
        "fps": 4.0,
        "capture": 1.0,
        "detect": 20.0,
        "classify": 3.0,
        "count": 0.1,
        "dropped": 0,
        "temperature": 81.0,
        "throttled": None,
        "memory": 180.0,
        "outbox": 7,
        "outbox_state": "on the disk",
        "lost": 2,
        "missing": 0,
    }
    assert shown["seen"] == "just now" or "second" in shown["seen"]
    text = said(app)
    assert WORDS.some_pressing.format(pressing=1, rooms=1) in text
    assert WORDS.advice["windows_lost"] in text and WORDS.no_rejected in text


def test_what_several_rooms_have_is_said_once(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    names = ["school-a/room-11", "school-a/room-12"]
    for name in names:
        fill(store, device=name.partition("/")[2])
        with batch_for(store) as batch:
            lost = status("offline", "connection_lost")
            batch.set_status("school-a", name.partition("/")[2], lost, now())
    app = devices(monkeypatch, store_url)
    assert said(app).count(WORDS.advice["offline"]) == 1
    assert WORDS.some_pressing.format(pressing=2, rooms=2) in said(app)
    assert set(names) <= {text.value for text in app.text}


def test_refused_messages_are_listed_with_their_cause(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill(store)
    with batch_for(store) as batch:
        batch.reject("counts", "missing", "counts: seq: <b>Field</b> required", now())
    app = devices(monkeypatch, store_url)
    (row,) = app.dataframe[1].value.to_dict("records")
    assert (row["Kind"], row["Cause"], row["Times"]) == ("counts", "missing", 1)
    assert row["Newest reason"] == "counts: seq: <b>Field</b> required"
    assert "<b>" not in said(app)


def test_no_devices_and_no_store(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    assert WORDS.no_rooms[0] in said(devices(monkeypatch, store_url))
    assert ENGLISH.common.no_store[0] in said(devices(monkeypatch, "nonsense"))


def test_a_name_is_only_ever_plain_text(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    """The schema lets no such name in; a store may be written by others."""
    name = "<script>alert(1)</script>![x](http://x.example/x.png)"
    with batch_for(store) as batch:
        batch.set_status("school-a", name, status("offline", "connection_lost"), now())
    app = devices(monkeypatch, store_url)
    assert f"school-a/{name}" in [text.value for text in app.text]
    assert not any(name in part.value for part in [*app.header, *app.markdown, *app.caption])
