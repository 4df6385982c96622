"""What sessions share of a room stays the same object while nothing is new."""

from datetime import datetime, timedelta, timezone

import pytest

from dashboard import live, watch
from dashboard.store import Store
from dashboard.watch import Watch
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import counts, status


def put(store: Store, seq: int, end: datetime) -> None:
    with batch_for(store) as batch:
        batch.set_status("school-a", "room-12", status(), end)
        batch.add_counts("school-a", counts(seq, end=end), end)


def test_a_view_is_another_only_when_something_is_new(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setattr(watch, "_POLL_SECONDS", 0.0)
    now = datetime.now(timezone.utc)
    put(store, 0, now)
    shared = Watch(store, None)
    (room,) = shared.rooms()
    first = shared.view(room)
    assert shared.view(room) is first
    assert live.scene(shared.view(room), now) == live.scene(first, now)
    put(store, 1, now + timedelta(seconds=5))
    second = shared.view(room)
    assert second is not first and second.newest is not None and second.newest.seq == 1
    assert second.charts is not first.charts
    assert live.scene(second, now) != live.scene(first, now)
