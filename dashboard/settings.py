"""What `python -m dashboard show` was told, for the pages that run in the same process."""

import os
from dataclasses import dataclass, field
from typing import Final

from dashboard.broker import Broker
from dashboard.login.desk import Desk
from dashboard.login.oidc import Oidc
from dashboard.serving import Serving
from dashboard.store import DEFAULT_URL
from dashboard.timetable import Timetable

STORE_VARIABLE: Final = "DASHBOARD_STORE"


@dataclass(frozen=True)
class Settings:
    """The options of the pages.

    Attributes:
        store: URL of the recorder's store.
        broker: which the pages hear and command devices by; None: they read the store alone.
        timetable: of lessons; None: lessons are told from when something was counted.
        language: a key of `dashboard.texts.LANGUAGES`; None leaves it to each browser.
        login: who may look; None where only this machine does.
        serving: where the pages are.
    """

    store: str
    broker: Broker | None = None
    timetable: Timetable | None = None
    language: str | None = None
    login: Desk | Oidc | None = None
    serving: Serving = field(default_factory=Serving)


_given: Settings | None = None


def use(settings: Settings | None) -> None:
    """Makes these the settings of all pages; None: those of the environment."""
    global _given
    _given = settings


def current() -> Settings:
    """The settings in use; without `use`, the store that the environment names."""
    return _given or Settings(os.environ.get(STORE_VARIABLE, DEFAULT_URL))
