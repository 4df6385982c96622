"""Tiny data sets in the real formats, drawn by the tests: discs on noise, no faces."""

import zipfile
from pathlib import Path

import cv2
import numpy as np

from edge_agent.emotions import EMOTIONS
from training.ferplus import ANSWERS


def fer2013_zip(path: Path, *, each: int = 6) -> Path:
    """FER-2013 in Kaggle's layout; every emotion is a grey of its own."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for index, emotion in enumerate(EMOTIONS):
            for folder, split in (
                ("train", "Training"),
                ("test", "PublicTest"),
                ("test", "PrivateTest"),
            ):
                for number in range(each):
                    face = random.integers(0, 20, (48, 48)).astype(np.uint8) + 30 * index
                    name = f"{folder}/{emotion}/{split}_{number}.png"
                    archive.writestr(name, cv2.imencode(".png", face)[1].tobytes())
    return path


def add_a_copy(data: Path) -> None:
    """A training picture of `fer2013_zip`, mirrored, goes into PublicTest and PrivateTest."""
    with zipfile.ZipFile(data, "a") as archive:
        learned = archive.read("train/happy/Training_0.png")
        face = cv2.imdecode(np.frombuffer(learned, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert face is not None
        copy = cv2.imencode(".png", face[:, ::-1])[1].tobytes()
        for split in ("PublicTest", "PrivateTest"):
            archive.writestr(f"test/happy/{split}_copy.png", copy)


def fer2013_csv(path: Path, *, each: int = 2) -> Path:
    """FER-2013 in its original form: the label's number, the pixels, the split."""
    lines = ["emotion,pixels,Usage"]
    for usage in ("Training", "PublicTest", "PrivateTest"):
        for emotion in range(7):
            for number in range(each):
                pixels = " ".join([str(30 * emotion + number)] * 48 * 48)
                lines.append(f"{emotion},{pixels},{usage}")
    path.write_text("\n".join([*lines, ""]))
    return path


def ferplus_csv(path: Path, *, each: int = 6) -> Path:
    """Votes for the pictures of `fer2013_zip`: eight taggers agree with the folder."""
    ours = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
    lines = [",".join(("path", *ANSWERS))]
    for index, emotion in enumerate(EMOTIONS):
        votes = ["8" if answer == ours[index] else "0" for answer in ANSWERS]
        votes[-2] = "2"
        for folder, split in (
            ("train", "Training"),
            ("test", "PublicTest"),
            ("test", "PrivateTest"),
        ):
            for number in range(each):
                path_inside = f"{folder}/{emotion}/{split}_{number}.png"
                lines.append(",".join((path_inside, *votes)))
    path.write_text("\n".join([*lines, ""]))
    return path


def wider_face_zip(path: Path, *, pictures: int = 15) -> Path:
    """WIDER FACE in the official layout; a disc is a face."""
    random = np.random.default_rng(0)
    lines = []
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(pictures):
            image = random.integers(60, 120, (120, 160, 3)).astype(np.uint8)
            name = f"0--Discs/0_Discs_{number}.jpg"
            lines += [name, "2"]
            for x, y in ((20, 30), (90, 50)):
                cv2.circle(image, (x + 20, y + 20), 20, (255, 255, 255), -1)
                lines.append(f"{x} {y} 40 40.5 0 0 0 0 0 0")
            encoded = cv2.imencode(".jpg", image)[1].tobytes()
            archive.writestr(f"WIDER_tiny/images/{name}", encoded)
        text = "\n".join([*lines, ""])
        archive.writestr("wider_face_split/wider_face_tiny_bbx_gt.txt", text)
    return path
