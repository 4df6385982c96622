"""The same person keeps the same id, for as long as anybody looks."""

import json
from collections import Counter

import cv2
import numpy as np
import pytest

from edge_agent.agent import UNSURE_SCORE
from edge_agent.boxes import iou_matrix
from edge_agent.config import Settings
from edge_agent.face_detector import FaceDetector, Faces
from edge_agent.face_search import FaceSearch
from edge_agent.face_tracker import NOBODY, FaceTracker
from edge_agent.scene_cut import SceneCut
from edge_agent.source import Frame
from tests.support import shared_data

SURE, UNSURE = 0.9, 0.5


def tracker() -> FaceTracker:
    return FaceTracker(score_threshold=0.8, forget_seconds=1.5)


def faces(*lefts: float, scores: float | list[float] = SURE) -> Faces:
    """Faces of 10 x 10 pixels at these x."""
    boxes = np.array([[x, 0, x + 10, 10] for x in lefts], np.float32).reshape(-1, 4)
    return Faces(boxes, np.broadcast_to(np.float32(scores), len(lefts)))


def test_a_moving_person_stays_the_same() -> None:
    following = tracker()
    for step in range(20):
        assert following.update(faces(4.0 * step), 0.2 * step).tolist() == [0]


def test_a_head_may_move_by_more_than_its_width_between_two_frames() -> None:
    following = tracker()
    for step, left in enumerate((0, 14, 2, 17, 4)):
        assert following.update(faces(left, 200), 0.25 * step).tolist() == [0, 1]


def test_people_keep_their_ids_when_their_order_changes() -> None:
    following = tracker()
    assert following.update(faces(0, 50, 100), 0.0).tolist() == [0, 1, 2]
    assert following.update(faces(101, 1, 51), 0.2).tolist() == [2, 0, 1]


def test_of_two_that_could_be_the_same_the_nearer_is() -> None:
    following = tracker()
    assert following.update(faces(0), 0.0).tolist() == [0]
    assert following.update(faces(5, 1), 0.2).tolist() == [1, 0]


def test_who_walks_behind_somebody_is_known_again_on_the_other_side() -> None:
    following = tracker()
    # At 40 pixels a second from the left; hidden between 80 and 120 by the one who sits there.
    seen = {}
    for step in range(20):
        x = 10.0 * step
        hidden = 80 < x < 120
        seen[step] = following.update(faces(*([100.0] if hidden else [100.0, x])), 0.25 * step)
    assert seen[0].tolist() == seen[19].tolist() == [0, 1]


def test_who_is_briefly_unseen_is_known_and_who_is_long_unseen_is_new() -> None:
    following = tracker()
    assert following.update(faces(0), 0.0).tolist() == [0]
    assert following.update(faces(), 0.5).tolist() == []
    assert following.update(faces(0), 1.5).tolist() == [0]
    assert following.update(faces(0), 3.5).tolist() == [1]


def test_what_is_uncertain_continues_a_person_and_begins_none() -> None:
    following = tracker()
    assert following.update(faces(0, 50, scores=UNSURE), 0.0).tolist() == [NOBODY, NOBODY]
    assert following.update(faces(0, 50, scores=[SURE, UNSURE]), 0.2).tolist() == [0, NOBODY]
    assert following.update(faces(1, 50, scores=UNSURE), 0.4).tolist() == [0, NOBODY]
    # Nor does it reach out for somebody some way off.
    assert following.update(faces(13, scores=UNSURE), 0.6).tolist() == [NOBODY]


def test_after_a_reset_everybody_is_new() -> None:
    following = tracker()
    assert following.update(faces(0, 50), 0.0).tolist() == [0, 1]
    following.reset()
    assert following.update(faces(0, 50), 0.1).tolist() == [2, 3]


@pytest.mark.parametrize("step", [5, 1], ids=["4 a second", "20 a second"])
def test_people_of_the_trial_video_are_counted(step: int) -> None:
    """Windows of 5 s, searched and followed as by default; who is there for a third counts."""
    video = cv2.VideoCapture(str(shared_data("classroom.mp4")))
    truth = [json.loads(line) for line in shared_data("classroom.jsonl").open()]
    detector = FaceDetector(score_threshold=UNSURE_SCORE)
    search = FaceSearch(detector, repeat_seconds=Settings().detector.repeat_seconds)
    following = FaceTracker(score_threshold=detector.released_threshold)
    cut = SceneCut()
    windows: dict[int, list[tuple[list[int], list[int]]]] = {}
    known: dict[int, int] = {}
    switches = 0
    for index, frame in enumerate(truth):
        video.grab()
        if index % step:
            continue
        image = video.retrieve()[1]
        if cut.update(image):
            following.reset()
        found = search.find(Frame(index / 20, image))
        ids = following.update(found, index / 20)
        boxes = np.array([[x, y, x + w, y + h] for _, x, y, w, h in frame["faces"]], np.float32)
        overlap = iou_matrix(found.boxes_xyxy[ids != NOBODY], boxes)
        for column, (person, *_) in enumerate(frame["faces"]):
            if overlap[:, column].max(initial=0) > 0.4:
                track = int(ids[ids != NOBODY][overlap[:, column].argmax()])
                switches += known.setdefault(person, track) != track
                known[person] = track
        people = [person for person, _, _, _, height in frame["faces"] if height >= 24]
        windows.setdefault(index // 100, []).append((ids[ids != NOBODY].tolist(), people))
    errors = [
        abs(present([ids for ids, _ in frames]) / present([people for _, people in frames]) - 1)
        for frames in windows.values()
    ]
    assert np.mean(errors) <= 0.05
    assert switches <= 1


def present(frames: list[list[int]]) -> int:
    """How many were there in a third of the frames or more."""
    times = Counter(person for frame in frames for person in frame)
    return sum(3 * number >= len(frames) for number in times.values())
