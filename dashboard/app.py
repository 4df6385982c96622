"""The pages' frame, run at every visit: menu, style, and what is said below every page."""

from pathlib import Path

import streamlit as st

from dashboard import access, language, style
from dashboard.texts import LANGUAGES

# Page, a file in ``pages/`` → its path in the address; the first is at ``/``. No path is a file's
# name: to the first visitor Streamlit would give that file without this frame.
_PAGES = {
    "live": "live-counts",
    "lesson": "lesson-report",
    "devices": "all-devices",
    "try_it": "try-it",
    "about": "about-the-figures",
}


def main() -> None:
    """Draws the page that the address names."""
    words = language.words().common
    # An icon of our own, and none in the menu: for those, a browser would ask Google's server.
    st.set_page_config(words.title, str(Path(__file__).with_name("icon.svg")), layout="wide")
    st.html(f"<style>{style.css()}</style>")
    looking = access.gate()
    pages = [
        st.Page(
            f"pages/{name}.py",
            title=words.pages[name],
            url_path=path,
            default=name == next(iter(_PAGES)),
        )
        for name, path in _PAGES.items()
    ]
    st.navigation(pages, position="top").run()
    with st.container(key="footer", horizontal=True, vertical_alignment="center"):
        st.markdown(f"{words.only_counts} {words.no_pupil}")
        _pick_language()
        access.draw_logout(looking)


def _pick_language() -> None:
    """One button for each other language, in its own words."""
    for tag, texts in LANGUAGES.items():
        if tag != language.tag():
            st.button(texts.name, key=f"language-{tag}", on_click=language.choose, args=[tag])


main()
