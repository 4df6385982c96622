"""Draws what the networks see: of a camera's stream, or of a picture; nothing of it is kept."""

import threading
from typing import Any, Final, cast

import av
import streamlit as st
from streamlit_webrtc import Translations, VideoProcessorBase, WebRtcMode, webrtc_streamer

from dashboard import card_figures, language, loopback_media
from dashboard.networks import Networks, PictureError, SeenFace, draw, read_picture
from edge_agent.emotions import EMOTIONS

# No server elsewhere helps to connect: this browser and this server find each other, or do not.
_NO_SERVERS: Final[dict[str, Any]] = {"iceServers": []}
_CAMERA: Final[dict[str, Any]] = {
    "video": {"width": {"ideal": 1280}, "frameRate": {"ideal": 5, "max": 15}},
    "audio": False,
}


@st.cache_resource(show_spinner=False)
def _networks() -> Networks:
    return Networks()


class _Looking(VideoProcessorBase):
    """Draws boxes into a camera's pictures; keeps the faces of the last one, and no picture."""

    def __init__(self, networks: Networks, words: dict[str, str]) -> None:
        self._networks = networks
        self._words = words
        self._lock = threading.Lock()
        self._faces: list[SeenFace] = []

    def recv(self, frame: av.VideoFrame) -> av.VideoFrame:
        """A picture of the camera → the picture to show."""
        image = frame.to_ndarray(format="bgr24")
        faces = self._networks.look(image)
        with self._lock:
            self._faces = faces
        shown = av.VideoFrame.from_ndarray(draw(image, faces, self._words), format="rgb24")
        shown.pts, shown.time_base = frame.pts, frame.time_base
        return shown

    def faces(self) -> list[SeenFace]:
        """Those of the last picture."""
        with self._lock:
            return self._faces


def draw_camera(*, own_machine: bool) -> None:
    """The camera of whoever looks, with boxes, and a table of the faces below.

    Args:
        own_machine: whether browser and server are the same machine, and the pictures stay on it.
    """
    texts = language.words()
    words = texts.try_it
    loopback_media.keep_to_loopback(own_machine)
    st.markdown(words.camera_hint)
    networks, emotions = _networks(), texts.common.emotions
    running = webrtc_streamer(
        key="camera",
        mode=WebRtcMode.SENDRECV,
        rtc_configuration=_NO_SERVERS,
        media_stream_constraints=_CAMERA,
        video_processor_factory=lambda: _Looking(networks, emotions),
        async_processing=True,
        translations=cast(Translations, words.camera_buttons),
    )
    if running.video_processor is None:
        st.caption(words.no_camera)
        return
    _draw_stream(running.video_processor)


@st.fragment(run_every=1)
def _draw_stream(looking: _Looking) -> None:
    _draw_faces(looking.faces(), key="camera-faces")


def draw_upload() -> None:
    """A picture that is chosen, with boxes, and a table of its faces below."""
    words = language.words().try_it
    chosen = st.file_uploader(
        words.upload, type=["jpg", "jpeg", "png"], key="picture", help=words.upload_hint
    )
    if chosen is None:
        return
    try:
        image = read_picture(chosen.getvalue())
    except PictureError as error:
        st.error(words.refused[error.reason], icon=":material/error:")
        return
    faces = _networks().look(image)
    st.image(draw(image, faces, language.words().common.emotions), caption=words.caption)
    _draw_faces(faces, key="picture-faces")


def _draw_faces(faces: list[SeenFace], *, key: str) -> None:
    texts = language.words()
    words, emotions = texts.try_it, texts.common.emotions
    with st.container(key=key):
        if not faces:
            st.markdown(words.nobody)
            return
        st.markdown(words.faces.format(number=len(faces)))
        rows = [_row(number, face) for number, face in enumerate(faces, start=1)]
        percent = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
        shares = [words.columns["face"], *(emotions[emotion] for emotion in EMOTIONS)]
        st.dataframe(
            rows, hide_index=True, column_config=dict.fromkeys(shares, percent), key=f"{key}-table"
        )
        st.markdown(f"**{words.known_heading}**")
        st.markdown("\n".join(f"- {line}" for line in _known_errors(faces)))


def _row(number: int, face: SeenFace) -> dict[str, Any]:
    texts = language.words()
    columns, emotions = texts.try_it.columns, texts.common.emotions
    return {
        columns["number"]: number,
        columns["counted"]: emotions[face.emotion if face.is_certain else "uncertain"],
        **{
            emotions[emotion]: float(share)
            for emotion, share in zip(EMOTIONS, face.probabilities, strict=True)
        },
        columns["size"]: face.size,
        columns["face"]: face.score,
    }


def _known_errors(faces: list[SeenFace]) -> list[str]:
    """What the cards say of the emotions that were called, and of the smallest face."""
    texts, figures = language.words(), card_figures.released()
    words, emotions = texts.try_it, texts.common.emotions
    called = {face.emotion for face in faces if face.is_certain}
    lines = [
        words.known.format(
            emotion=emotions[one.name],
            right=f"{100 * one.share:.0f} %",
            low=f"{100 * one.low:.0f}",
            high=f"{100 * one.high:.0f} %",
        )
        for one in figures.meant
        if one.name in called
    ]
    smallest = min(face.size for face in faces)
    # The nearest size that was measured, the larger in doubt: nobody should hope too much.
    near = min(figures.by_size, key=lambda one: (abs(int(one.name) - smallest), -int(one.name)))
    right = f"{100 * near.share:.0f} %"
    return [*lines, words.known_size.format(pixels=near.name, right=right, size=smallest)]
