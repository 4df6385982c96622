"""Loads and draws, once a server has started, what the first visitor would have to wait for."""

import importlib
import threading
from contextlib import suppress

from dashboard import settings
from dashboard.texts import LANGUAGES


def begin() -> None:
    """Begins in the background: whoever comes earlier waits no longer than without it."""
    threading.Thread(target=_warm, name="warm", daemon=True).start()


def _warm() -> None:
    from dashboard import charts, confusion, figure_charts, lesson_charts, lesson_page, live, style

    assert live and lesson_page  # what these pages import
    wanted = settings.current().language
    for texts in LANGUAGES.values() if wanted is None else [LANGUAGES[wanted]]:
        for palette in (style.LIGHT, style.DARK):
            charts.prepare(texts, palette)
            lesson_charts.prepare(texts, palette)
            figure_charts.released(texts, palette)
    confusion.released()
    # The packages of the page on which the networks are tried; not streamlit-webrtc, which must be
    # loaded by a page, or its part of the page is never served.
    for package in ("aiortc", "dashboard.networks"):
        with suppress(ImportError):
            importlib.import_module(package)
