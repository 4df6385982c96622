"""The networks tried in a real browser, with its camera and with a picture."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By

from dashboard.store import Store
from dashboard.texts import ENGLISH
from edge_agent.sample_scene import sample_frames
from tests.browser import chromium, require_chromium, text_of
from tests.dashboard.conftest import running_dashboard
from tests.dashboard.login.site import visible
from tests.fake_camera import fake_camera
from tests.support import (
    PATIENCE_SECONDS,
    REPOSITORY,
    await_port,
    await_true,
    debian_program,
    free_port,
)

WORDS = ENGLISH.try_it


def _click(chrome: webdriver.Chrome, words: str) -> None:
    """Clicks a button or tab, also while the page is still being drawn."""

    def clicked() -> bool:
        try:
            for one in chrome.find_elements(By.CSS_SELECTOR, "button, [role=tab]"):
                if one.text.lower() == words.lower():
                    one.click()
                    return True
        except WebDriverException:
            pass
        return False

    await_true(clicked)


def _choose(chrome: webdriver.Chrome, file: Path) -> None:
    """Gives a file to the page's uploader."""

    def given() -> bool:
        try:
            chrome.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(file))
        except WebDriverException:
            return False
        return True

    await_true(given)


@pytest.mark.browser
def test_a_teachers_own_camera(tmp_path: Path) -> None:
    """Boxes come back, a table says what was seen, and nothing listens beyond this machine."""
    require_chromium()
    port = free_port()
    store = f"sqlite:///{tmp_path}/counts.db"
    camera = fake_camera(tmp_path / "camera.y4m")
    with (
        running_dashboard("show", "--store", store, "--port", str(port)) as process,
        chromium(tmp_path / "profile", *camera, width=1280, height=1200) as chrome,
    ):
        await_port(port, process)
        chrome.get(f"http://127.0.0.1:{port}/try-it")
        await_true(lambda: chrome.find_elements(By.TAG_NAME, "iframe"))
        assert WORDS.privacy_here.replace("*", "") in visible(chrome)
        chrome.switch_to.frame(chrome.find_element(By.TAG_NAME, "iframe"))
        _click(chrome, WORDS.camera_buttons["start"])
        await_true(
            lambda: chrome.execute_script(
                "const shown = document.querySelector('video'); return shown && shown.videoWidth"
            ),
            patience=3 * PATIENCE_SECONDS,
        )
        chrome.switch_to.default_content()
        found = WORDS.faces.partition("{")[0]
        await_true(lambda: found in text_of(chrome, "camera-faces"), patience=3 * PATIENCE_SECONDS)
        await_true(lambda: WORDS.known_heading in text_of(chrome, "camera-faces"))
        sockets = [
            connection
            for connection in psutil.Process(process.pid).net_connections("inet")
            if connection.type.name == "SOCK_DGRAM"
        ]
        assert sockets and {connection.laddr.ip for connection in sockets} == {"127.0.0.1"}


@pytest.mark.browser
@pytest.mark.strace
@pytest.mark.long
def test_a_picture_is_never_written(tmp_path: Path) -> None:
    """Not even into a temporary file, by which web servers take large uploads."""
    require_chromium()
    strace = debian_program("strace", package="strace")
    (tmp_path / "temporary").mkdir()
    noise = np.random.default_rng(0)
    _, scene = next(sample_frames(1.0))
    noisy = scene + noise.integers(0, 4, scene.shape, dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "scene-0.png"), noisy)
    assert (tmp_path / "scene-0.png").stat().st_size > 1_100_000
    (tmp_path / "broken.png").write_bytes(b"no picture")
    port = free_port()
    command = [
        # With -D, what is ended below is the server, and not its watcher.
        *(strace, "-D", "-f", "-qq", "-e", "trace=openat,creat,memfd_create"),
        *("-o", str(tmp_path / "trace"), sys.executable, "-m", "dashboard", "show"),
        *("--store", f"sqlite:///{tmp_path}/counts.db", "--port", str(port)),
    ]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        ["env", f"TMPDIR={tmp_path}/temporary", *command],
        cwd=REPOSITORY,
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        await_port(port, process)
        with chromium(tmp_path / "profile", width=1280, height=1200) as chrome:
            chrome.get(f"http://127.0.0.1:{port}/try-it")
            _click(chrome, WORDS.picture)
            _choose(chrome, tmp_path / "scene-0.png")
            found = WORDS.faces.partition("{")[0]
            await_true(
                lambda: found in text_of(chrome, "picture-faces"), patience=3 * PATIENCE_SECONDS
            )
            await_true(lambda: chrome.find_elements(By.CSS_SELECTOR, "img[src*='/media/']"))
            _choose(chrome, tmp_path / "broken.png")
            await_true(lambda: WORDS.refused["broken"] in visible(chrome))
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        log.close()
    written = [
        line
        for line in (tmp_path / "trace").read_text().splitlines()
        if ("O_CREAT" in line or "O_TMPFILE" in line or "creat(" in line or "memfd" in line)
        and "counts.db" not in line
        and "ENOENT" not in line
        and "__pycache__" not in line
    ]
    assert written == []
    said_aloud = (tmp_path / "log").read_text()
    assert "scene-0" not in said_aloud and "Traceback" not in said_aloud


def _in_a_process_of_its_own(program: str, store_url: str) -> list[str]:
    """Runs a program; returns the lines that it printed.

    TensorFlow, which other tests load, and WebRTC's libraries cannot live in one process.
    """
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={"DASHBOARD_STORE": store_url, "PATH": "", "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * PATIENCE_SECONDS,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout.splitlines()


def test_without_the_networks_the_page_says_what_to_install(store: Store, store_url: str) -> None:
    program = (
        "import sys; sys.modules['cv2'] = None\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from tests.dashboard.test_app import said\n"
        "app = AppTest.from_file('dashboard/app.py', default_timeout=60).run()\n"
        "app.switch_page('pages/try_it.py').run()\n"
        "assert not app.exception\n"
        "print(said(app))"
    )
    told = "\n".join(_in_a_process_of_its_own(program, store_url))
    assert WORDS.not_installed[0] in told and "pip install -e .[agent]" in told


def test_other_pages_load_neither_opencv_nor_a_runtime(store: Store, store_url: str) -> None:
    heavy = ["cv2", "ai_edge_litert", "aiortc", "av", "streamlit_webrtc"]
    program = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('dashboard/app.py', default_timeout=60).run()\n"
        "for name in ('lesson', 'devices', 'about'):\n"
        "    assert not app.switch_page(f'pages/{name}.py').run().exception\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert _in_a_process_of_its_own(program, store_url)[-1:] == ["[]"]
