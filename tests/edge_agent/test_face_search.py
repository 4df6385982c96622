"""A search now and then, and nobody lost in between."""

import json

import cv2
import numpy as np
import pytest

from edge_agent.face_detector import FaceDetector, Faces
from edge_agent.face_search import FaceSearch
from edge_agent.source import Frame
from tests.support import shared_data
from training.face_detector.evaluate import match

SIZE_HW = 360, 640
SIDE = 40
REPEAT_SECONDS = 0.5


class Searcher(FaceDetector):
    """Knows where the faces are, and counts how often it was asked."""

    def __init__(self) -> None:
        self.longer_side = 640
        self.searches = 0
        self.left_tops: list[tuple[float, float]] = []

    def detect(self, image_bgr: np.ndarray) -> Faces:
        self.searches += 1
        boxes = [[x, y, x + SIDE, y + SIDE] for x, y in self.left_tops]
        return Faces(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.full(len(boxes), 0.9, np.float32),
            np.linspace(0, 1, len(boxes), dtype=np.float32),
        )


def texture(seed: int, size_hw: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: spots of some pixels, as a face has."""
    noise = np.random.default_rng(seed).normal(size=size_hw).astype(np.float32)
    spots = cv2.GaussianBlur(noise, (0, 0), 3)
    spots = 128 + 60 * spots / np.abs(spots).max()
    return cv2.cvtColor(spots.astype(np.uint8), cv2.COLOR_GRAY2BGR)


def find(search: FaceSearch, image: np.ndarray, seconds: float) -> Faces:
    return search.find(Frame(seconds, image))


def picture(*left_tops: tuple[float, float], scene: int = 0) -> np.ndarray:
    """A scene with faces in it, each always of the same texture."""
    image = texture(100 + scene, SIZE_HW)
    for person, (x, y) in enumerate(left_tops):
        x, y = round(x), round(y)
        image[y : y + SIDE, x : x + SIDE] = texture(person, (SIDE, SIDE))
    return image


@pytest.fixture
def searcher() -> Searcher:
    return Searcher()


@pytest.fixture
def search(searcher: Searcher) -> FaceSearch:
    return FaceSearch(searcher, repeat_seconds=REPEAT_SECONDS)


def test_faces_are_followed_between_two_searches(search: FaceSearch, searcher: Searcher) -> None:
    for frame in range(20):
        # One walks to the right, one sits down, one keeps still.
        places = [(100 + 2 * frame, 60), (300, 80 + 3 * frame), (500, 200)]
        searcher.left_tops = places
        faces = find(search, picture(*places), frame / 20)
        wanted = [[x, y, x + SIDE, y + SIDE] for x, y in places]
        np.testing.assert_allclose(faces.boxes_xyxy, wanted, atol=3)
        np.testing.assert_array_equal(faces.scores, np.float32([0.9] * 3))
        np.testing.assert_array_equal(faces.frontality, np.float32([0, 0.5, 1]))
    assert searcher.searches == 3


def test_a_camera_that_keeps_no_exact_step_is_searched_as_often(
    search: FaceSearch, searcher: Searcher
) -> None:
    searcher.left_tops = [(100, 100)]
    for frame in range(8):
        find(search, picture((100, 100)), 0.25 * frame + 0.01 * (frame % 3))
    assert searcher.searches == 4


def test_a_face_that_was_lost_is_searched_for_at_once(
    search: FaceSearch, searcher: Searcher
) -> None:
    searcher.left_tops = [(100, 100), (400, 100)]
    find(search, picture((100, 100), (400, 100)), 0.0)
    # The second hides behind something else.
    searcher.left_tops = [(100, 100)]
    hidden = picture((100, 100))
    hidden[100 : 100 + SIDE, 400 : 400 + SIDE] = texture(50, (SIDE, SIDE))
    assert len(find(search, hidden, 0.05)) == 1
    assert searcher.searches == 2


def test_who_goes_far_is_searched_for_on_the_way(search: FaceSearch, searcher: Searcher) -> None:
    for frame in range(9):
        # 8 pixels a frame: more than half of 40 in every third.
        searcher.left_tops = [(100 + 8 * frame, 100)]
        find(search, picture(*searcher.left_tops), frame / 20)
    assert searcher.searches == 3


def test_a_cut_is_searched_at_once(search: FaceSearch, searcher: Searcher) -> None:
    searcher.left_tops = [(100, 100)]
    find(search, picture((100, 100)), 0.0)
    searcher.left_tops = [(400, 200)]
    faces = find(search, picture((0, 0), (400, 200), scene=1), 0.05)
    assert faces.boxes_xyxy[:, 0].tolist() == [400]


def test_a_lens_that_is_covered_leaves_nobody(search: FaceSearch, searcher: Searcher) -> None:
    searcher.left_tops = [(100, 100)]
    find(search, picture((100, 100)), 0.0)
    searcher.left_tops = []
    assert len(find(search, np.zeros((*SIZE_HW, 3), np.uint8), 0.05)) == 0


def test_the_first_to_come_in_is_found_at_once(search: FaceSearch, searcher: Searcher) -> None:
    assert len(find(search, picture(), 0.0)) == 0
    searcher.left_tops = [(100, 100)]
    assert len(find(search, picture((100, 100)), 0.05)) == 1


def test_a_box_never_leaves_the_picture(search: FaceSearch, searcher: Searcher) -> None:
    for frame in range(12):
        place = (60 - 4 * frame, 100)
        searcher.left_tops = [(max(0, place[0]), 100)]
        image = texture(100, SIZE_HW)
        left = max(0, place[0])
        face = texture(0, (SIDE, SIDE))
        image[100 : 100 + SIDE, left : place[0] + SIDE] = face[:, left - place[0] :]
        boxes = find(search, image, frame / 20).boxes_xyxy
        assert (boxes[:, :2] >= 0).all() and (boxes[:, 2:] <= [640, 360]).all()


@pytest.mark.parametrize("change", ["size", "clock"])
def test_what_is_no_continuation_is_searched(
    search: FaceSearch, searcher: Searcher, change: str
) -> None:
    searcher.left_tops = [(100, 100)]
    find(search, picture((100, 100)), 10.0)
    image, seconds = picture((100, 100)), 10.05
    if change == "size":
        image = image[: SIZE_HW[0] // 2]
    else:
        seconds = 0.0
    find(search, image, seconds)
    assert searcher.searches == 2


def test_every_frame_is_searched_where_that_is_asked_for(searcher: Searcher) -> None:
    search = FaceSearch(searcher, repeat_seconds=0)
    searcher.left_tops = [(100, 100)]
    for frame in range(5):
        find(search, picture((100, 100)), frame / 20)
    assert searcher.searches == 5


def test_following_loses_nobody_of_the_trial_video() -> None:
    video, truth = shared_data("classroom.mp4"), shared_data("classroom.jsonl")
    people = [json.loads(line)["faces"] for line in truth.open()]
    detector = FaceDetector()
    # Two scenes, with a cut in the midst of what would be followed.
    begin, end = 60, 180
    found: dict[float, list[Faces]] = {0.0: [], 0.7: []}
    searches = {seconds: FaceSearch(detector, repeat_seconds=seconds) for seconds in found}
    capture = cv2.VideoCapture(str(video))
    wanted = []
    for frame in range(end):
        capture.grab()
        if frame >= begin and frame % 2 == 0:
            image = capture.retrieve()[1]
            for seconds, search in searches.items():
                found[seconds].append(find(search, image, frame / 20))
            rows = np.array([row[1:] for row in people[frame]], np.float32).reshape(-1, 4)
            wanted.append(np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], axis=1))
    ignored = [np.zeros(len(rows), bool) for rows in wanted]
    recall = {
        seconds: match(faces, wanted, ignored, min_height=24).at(0.0)[0]
        for seconds, faces in found.items()
    }
    assert recall[0.7] >= recall[0.0] - 0.005
