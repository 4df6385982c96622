"""What all sessions see of the rooms: read once for everybody, and again when it is new."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, Final, Generic, TypeVar

from dashboard.charts import SPAN
from dashboard.feed import Feed, Heard
from dashboard.records import RecorderBeat, Room, Window
from dashboard.situation import Situation, is_alive, situation
from dashboard.store import Store, StoreError

_POLL_SECONDS: Final = 0.5
"""So old may be what comes from the store alone."""
_RECHECK_SECONDS: Final = 2.0
"""So old may be what the store adds to a feed that has nothing new."""
_VIEWS_KEPT: Final = 500

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class View:
    """All that is known of a room.

    Attributes:
        recent: windows of the chart's span, the oldest first.
        recorders: as the store knows them.
        listening: whether these pages hear the broker; None where they do not try.
        answered_at: when the device last spoke for itself on the broker.
        charts: drawn from this, once for all sessions with the same language and colours.
    """

    room: Room
    newest: Window | None
    recent: tuple[Window, ...]
    recorders: tuple[RecorderBeat, ...]
    listening: bool | None
    answered_at: datetime | None
    charts: dict[object, dict[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    def situation(self, now: datetime) -> Situation:
        """How the room stands at a moment."""
        listeners = list(self.recorders)
        if self.listening is not None:
            listeners.append(RecorderBeat("pages", self.listening, now))
        return situation(self.room, self.newest, listeners, now)

    def kept(self, now: datetime) -> bool:
        """Whether a recorder keeps what comes."""
        return any(is_alive(beat, now) and beat.connected for beat in self.recorders)


class Watch:
    """The store and, where there is one, the feed; safe to use from many sessions at once."""

    def __init__(self, store: Store, feed: Feed | None) -> None:
        """Reads nothing yet."""
        self.store = store
        self.feed = feed
        self._rooms = _Shared(store.rooms)
        self._recorders = _Shared(store.recorders)
        self._views: dict[tuple[str, str], _Shared[View]] = {}

    def rooms(self) -> list[Room]:
        """All rooms, the one that spoke last first.

        Raises:
            StoreError: when the store does not answer.
        """
        return self._rooms.get(_POLL_SECONDS, 0)

    def view(self, room: Room) -> View:
        """A room as it is now; the same object as long as nothing is new.

        Raises:
            StoreError: when the store does not answer.
        """
        key = (room.site, room.device)
        if len(self._views) > _VIEWS_KEPT:
            self._views.clear()
        shared = self._views.setdefault(key, _Shared(lambda: self._read(*key)))
        if self.feed is None:
            return shared.get(_POLL_SECONDS, 0)
        return shared.get(_RECHECK_SECONDS, self.feed.version(*key))

    def _read(self, site: str, device: str) -> View:
        now = datetime.now(timezone.utc)
        heard = Heard() if self.feed is None else self.feed.heard(site, device)
        newest = max(
            (w for w in (self.store.newest_window(site, device), *heard.windows) if w is not None),
            key=_order,
            default=None,
        )
        since = (now if newest is None else min(newest.ended_at, now)) - SPAN
        stored = self.store.windows(site, device, since)
        windows = {(w.boot_id, w.seq): w for w in (*heard.windows, *stored)}
        return View(
            room=_newer(self.store.room(site, device), heard),
            newest=newest,
            recent=tuple(sorted((w for w in windows.values() if w.ended_at >= since), key=_order)),
            recorders=tuple(self._recorders.get(_POLL_SECONDS, 0)),
            listening=None if self.feed is None else self.feed.connected,
            answered_at=heard.answered_at,
        )


def _order(window: Window) -> tuple[datetime, int]:
    return window.ended_at, window.seq


def _newer(room: Room, heard: Heard) -> Room:
    """A room with the newer status of what the store and the broker know."""
    if heard.status_at is None or (room.status_at and room.status_at >= heard.status_at):
        return room
    return replace(room, status=heard.status, status_at=heard.status_at)


class _Shared(Generic[_Value]):
    """A value that is read once for all who ask within a while; an error is shared, too."""

    def __init__(self, read: Callable[[], _Value]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._until = 0.0
        self._version = -1
        self._result: _Value | StoreError

    def get(self, seconds: float, version: int) -> _Value:
        """The value, read anew where it is older than so long or of another version."""
        with self._lock:
            now = time.monotonic()
            if now >= self._until or version != self._version:
                try:
                    result = self._read()
                    # The same object, where it can be: it is quicker to compare.
                    if self._version < 0 or self._result != result:
                        self._result = result
                except StoreError as error:
                    self._result = error
                self._version = version
                self._until = time.monotonic() + seconds
            if isinstance(self._result, StoreError):
                raise self._result
            return self._result
