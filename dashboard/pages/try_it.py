"""The page on which a teacher tries the networks, with a camera or a picture."""

import streamlit as st

from dashboard import language, rooms, settings


def main() -> None:
    """Draws the page; only here are OpenCV and the runtime loaded."""
    words = language.words().try_it
    st.title(words.heading, anchor=False)
    try:
        from dashboard import trial
    except ImportError:
        rooms.notice(*words.not_installed)
        return
    here = settings.current().serving.is_loopback and not settings.current().serving.behind_proxy
    st.markdown(words.privacy_here if here else words.privacy_server)
    st.markdown(words.how)
    camera, picture = st.tabs([words.camera, words.picture])
    with camera:
        trial.draw_camera(own_machine=here)
    with picture:
        trial.draw_upload()


main()
