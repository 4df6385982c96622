"""The teacher's page, run by Streamlit itself against a real store."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import card_figures, settings
from dashboard.history import CATEGORIES
from dashboard.settings import Settings
from dashboard.store import Store
from dashboard.texts import ENGLISH, GERMAN
from edge_agent.model_card import RELEASED, read_card
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import counts, status
from tests.support import await_true

APP = str(Path(__file__).parents[2] / "dashboard" / "app.py")


def now() -> datetime:
    return datetime.now(timezone.utc)


def page(monkeypatch: pytest.MonkeyPatch, url: str, room: str | None = None) -> AppTest:
    monkeypatch.setenv("DASHBOARD_STORE", url)
    app = AppTest.from_file(APP, default_timeout=60)
    if room is not None:
        app.query_params["room"] = room
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.header, *app.markdown, *app.text, *app.caption]
    return "\n".join(part.value for part in parts)


def fill(
    store: Store, *, device: str = "room-12", age_seconds: float = 0, suppressed: bool = False
) -> None:
    """A live room, its newest window so old."""
    end = now() - timedelta(seconds=age_seconds)
    store.beat("one", True, now())
    with batch_for(store) as batch:
        batch.set_status("school-a", device, status(), end)
        for seq in range(3):
            window_end = end - (2 - seq) * timedelta(seconds=5)
            sent = counts(seq, end=window_end, device=device, suppressed=suppressed)
            batch.add_counts("school-a", sent, end)


def test_live_numbers(monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str) -> None:
    fill(store)
    app = page(monkeypatch, store_url)
    shown = {metric.label: metric.value for metric in app.metric}
    people = {**dict.fromkeys(CATEGORIES, "0"), "happy": "3", "neutral": "2", "uncertain": "1"}
    expected = {ENGLISH.common.emotions[category]: number for category, number in people.items()}
    assert shown == {ENGLISH.live.people_now: "6", **expected}
    assert "Online" in said(app) and ENGLISH.live.last_known not in said(app)
    assert ENGLISH.common.only_counts in said(app) and ENGLISH.common.no_pupil in said(app)
    assert app.query_params["room"] in ("school-a/room-12", ["school-a/room-12"])


def test_suppressed_numbers_are_hidden_and_never_zero(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill(store, suppressed=True)
    app = page(monkeypatch, store_url)
    assert "Fewer than 3 people in view: numbers hidden" in said(app)
    assert [metric.value for metric in app.metric] == [ENGLISH.common.no_number]


def test_old_numbers_are_not_shown_as_current(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill(store, age_seconds=90)
    app = page(monkeypatch, store_url)
    assert ENGLISH.live.stale[0] in said(app) and "1 minute ago" in said(app)
    assert ENGLISH.live.last_known in said(app)
    assert [metric.value for metric in app.metric] == [ENGLISH.common.no_number]


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("paused", "command_pause", ENGLISH.live.paused),
        ("paused", "camera_lost", (ENGLISH.live.paused[0], ENGLISH.live.by_reason["camera_lost"])),
        ("offline", "connection_lost", ENGLISH.live.offline),
        ("offline", "stopped", (ENGLISH.live.offline[0], ENGLISH.live.by_reason["stopped"])),
    ],
)
def test_the_devices_state_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    store_url: str,
    state: str,
    reason: str,
    words: tuple[str, str],
) -> None:
    fill(store)
    with batch_for(store) as batch:
        batch.set_status("school-a", "room-12", status(state, reason), now())
    text = said(page(monkeypatch, store_url))
    assert words[0] in text and words[1] in text and ENGLISH.common.states[state] in text


def test_no_recorder(monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str) -> None:
    fill(store, age_seconds=90)
    store.end_beat("one")
    assert ENGLISH.live.no_recorder[0] in said(page(monkeypatch, store_url))


def test_waiting_for_the_first_numbers(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    store.beat("one", True, now())
    with batch_for(store) as batch:
        batch.set_status("school-a", "room-12", status(), now())
    text = said(page(monkeypatch, store_url))
    assert ENGLISH.live.waiting[0] in text and ENGLISH.live.no_numbers_yet in text


def test_no_rooms_yet_and_then_one(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    app = page(monkeypatch, store_url)
    assert ENGLISH.common.no_rooms[0] in said(app) and not app.metric
    fill(store)
    await_true(lambda: app.run().metric)  # what sessions share may be half a second old
    assert app.metric[0].value == "6"


@pytest.mark.parametrize("url", ["sqlite:////dev/null/counts.db", "nonsense"])
def test_no_store(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert ENGLISH.common.no_store[0] in said(page(monkeypatch, url))


def test_an_unknown_room_is_said_and_can_be_left(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill(store)
    app = page(monkeypatch, store_url, "school-a/room-99")
    assert ENGLISH.common.unknown_room[0] in said(app) and not app.metric
    app.selectbox[0].select("school-a/room-12").run()
    assert app.metric[0].value == "6"


def test_an_unknown_room_appears_once_its_device_starts(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill(store)
    app = page(monkeypatch, store_url, "school-a/room-99")
    fill(store, device="room-99")
    await_true(lambda: app.run().metric)
    assert app.selectbox[0].value == "school-a/room-99" and app.metric[0].value == "6"


@pytest.mark.parametrize("room", ["<script>alert(1)</script>", "![x](http://x.example/x.png)"])
def test_what_an_address_holds_is_only_ever_plain_text(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str, room: str
) -> None:
    fill(store)
    app = page(monkeypatch, store_url, room)
    assert [text.value for text in app.text] == [room]
    assert not any(room in part.value for part in [*app.header, *app.markdown, *app.caption])
    assert not any(markdown.allow_html for markdown in app.markdown)


def test_the_room_stays_chosen_when_another_speaks(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill(store, device="room-12", age_seconds=4)
    fill(store, device="room-11", age_seconds=2)
    app = page(monkeypatch, store_url)
    assert app.selectbox[0].value == "school-a/room-11"
    fill(store, device="room-12")
    assert app.run().selectbox[0].value == "school-a/room-11"


def test_the_language_is_asked_for_set_or_english(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill(store)
    app = page(monkeypatch, store_url)
    assert app.metric[0].label == ENGLISH.live.people_now
    app.button(key="language-de").click().run()
    assert app.metric[0].label == GERMAN.live.people_now
    app.button(key="language-en").click().run()
    assert app.metric[0].label == ENGLISH.live.people_now
    settings.use(Settings(store_url, language="de"))
    try:
        assert page(monkeypatch, store_url).metric[0].label == GERMAN.live.people_now
    finally:
        settings.use(None)


def _use(store: Store, device: str, classifier: str) -> None:
    card = read_card(RELEASED / f"{classifier}.tflite")
    assert card is not None
    hashes = status().model_sha256.model_copy(update={"emotion_classifier": card.sha256})
    with batch_for(store) as batch:
        said_now = status().model_copy(update={"model_sha256": hashes})
        batch.set_status("school-a", device, said_now, now())


def test_the_figures_are_of_the_network_that_the_devices_use(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    _use(store, "room-12", "emotion_classifier_half")
    app = page(monkeypatch, store_url).switch_page("pages/about.py").run()
    half = card_figures.released("emotion_classifier_half")
    assert f"**{100 * half.emotion.share:.1f} %**" in said(app)
    assert not app.selectbox

    _use(store, "room-13", "emotion_classifier")
    await_true(lambda: app.run().selectbox)  # what sessions share may be half a second old
    chosen = app.selectbox(key="network")
    assert chosen.options == ["the usual network", "the small network"]
    assert f"**{100 * card_figures.released().emotion.share:.1f} %**" in said(app)
    chosen.select("emotion_classifier_half").run()
    assert f"**{100 * half.emotion.share:.1f} %**" in said(app)


def test_a_network_whose_card_tells_nothing_of_new_faces_has_no_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    card = json.loads((RELEASED / "emotion_classifier.json").read_text())
    for name, changes in (("", {}), ("_own", {"sha256": "3" * 64, "measured": {}})):
        (tmp_path / f"emotion_classifier{name}.json").write_text(json.dumps(card | changes))
    monkeypatch.setattr(card_figures, "RELEASED", tmp_path)
    own = status().model_sha256.model_copy(update={"emotion_classifier": "3" * 64})
    card_figures._classifiers.cache_clear()
    try:
        uses = status().model_copy(update={"model_sha256": own})
        assert card_figures.in_use([uses, None]) == ("emotion_classifier",)
    finally:
        card_figures._classifiers.cache_clear()


def test_every_released_classifier_has_a_name_and_figures() -> None:
    released = [path.stem for path in RELEASED.glob("emotion_classifier*.tflite")]
    for texts in (ENGLISH, GERMAN):
        assert sorted(texts.about.networks) == sorted(released)
    for name in released:
        figures = card_figures.released(name)
        assert figures.by_majority == name.endswith("_people")
        assert figures.emotion.low < figures.emotion.share < figures.emotion.high


@pytest.mark.parametrize("name", ["lesson", "devices", "about"])
def test_every_page_opens_and_says_what_it_is(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str, name: str
) -> None:
    fill(store)
    app = page(monkeypatch, store_url)
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception
    assert [title.value for title in app.title] == [getattr(ENGLISH, name).heading]
    assert ENGLISH.common.only_counts in said(app)
