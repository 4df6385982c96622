"""The web server: Streamlit's pages behind the guard; `python -m dashboard show` runs it."""

from pathlib import Path

from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager
from streamlit.starlette import App

from dashboard import settings, warm
from dashboard.login.desk import Desk
from dashboard.login.guard import Guard
from dashboard.serving import UPLOAD_MEGABYTES

_settings = settings.current()
_serving = _settings.serving

# A picture that somebody tries stays in memory: by default, larger ones go through a file.
MultiPartParser.spool_max_size = 2 * UPLOAD_MEGABYTES * 1024 * 1024
# The pages are those of app.py. Until it has run once, Streamlit would take the files in pages/
# for pages by themselves, and tell the first visitor of an address that it does not exist.
PagesManager.uses_pages_directory = False

warm.begin()

app = App(
    Path(__file__).with_name("app.py"),
    middleware=[
        Middleware(
            Guard,
            desk=_settings.login if isinstance(_settings.login, Desk) else None,
            own_machine_only=not _serving.login,
            secure=_serving.secure,
            behind_proxy=_serving.behind_proxy,
            language=_settings.language,
        )
    ],
)
