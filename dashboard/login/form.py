"""The login's page: plain HTML without scripts, that also works without Streamlit's."""

from html import escape
from typing import Final
from urllib.parse import quote

from dashboard.texts import LANGUAGES

PATH: Final = "/login"

_STYLE: Final = """
:root { color-scheme: light dark; font: 1.15rem/1.5 "Source Sans", system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: center; min-height: 100vh;
  background: light-dark(#FFFFFF, #0E1117); color: light-dark(#1A1C24, #FAFAFA); }
main { width: min(24rem, 90vw); }
h1 { font-size: 1.9rem; margin: 0 0 1rem; }
label { display: block; margin: 0.9rem 0 0.2rem; }
input { box-sizing: border-box; width: 100%; font: inherit; padding: 0.6rem 0.7rem;
  border: 2px solid light-dark(#5B6070, #A3A8B8); border-radius: 0.4rem;
  background: light-dark(#FFFFFF, #1A1C24); color: inherit; }
button { font: inherit; font-weight: 700; margin-top: 1.4rem; width: 100%; padding: 0.7rem;
  border: 0; border-radius: 0.4rem; background: #0B5394; color: #FFFFFF; cursor: pointer; }
:focus-visible { outline: 3px solid #E69F00; outline-offset: 2px; }
[role=alert] { border-left: 0.6rem solid #D55E00; padding: 0.6rem 0.9rem; margin: 0 0 1rem;
  background: #FFF3D6; color: #1A1C24; }
"""


def page(language: str, *, target: str, name: str = "", trouble: str = "") -> str:
    """The form as HTML.

    Args:
        language: a key of `LANGUAGES`.
        target: path to go to afterwards.
        name: what was typed before.
        trouble: why it has to be typed again.
    """
    words = LANGUAGES[language].login
    title = LANGUAGES[language].common.title
    alert = f'<p role="alert">{escape(trouble)}</p>' if trouble else ""
    # After a wrong password, only that is typed again.
    on_name, on_password = ("", "autofocus") if name else ("autofocus", "")
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(words.heading)} – {escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body><main>
<h1>{escape(title)}</h1>
{alert}
<form method="post" action="{PATH}?next={quote(target, safe="")}">
<label for="name">{escape(words.name)}</label>
<input id="name" name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none"
 spellcheck="false" maxlength="100" required {on_name}>
<label for="password">{escape(words.password)}</label>
<input id="password" name="password" type="password" autocomplete="current-password"
 maxlength="200" required {on_password}>
<button>{escape(words.submit)}</button>
</form>
</main></body>
</html>
"""


def language_of(header: str | None, wished: str | None) -> str:
    """The language to show: what was set, else the browser's first that is known, else English.

    Args:
        header: the request's ``Accept-Language``.
        wished: a key of `LANGUAGES`, or None.
    """
    if wished in LANGUAGES:
        return wished
    for part in (header or "").split(","):
        tag = part.strip().partition(";")[0].partition("-")[0].lower()
        if tag in LANGUAGES:
            return tag
    return next(iter(LANGUAGES))


def safe_target(path: str | None) -> str:
    """A path on this server; ``/`` for whatever would lead elsewhere."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\", PATH)):
        return "/"
    return path if path.isascii() and path.isprintable() and "\\" not in path else "/"
