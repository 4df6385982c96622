"""A cut is noticed; people who move and a light that goes on are none."""

import numpy as np

from edge_agent.scene_cut import SceneCut


def scene(seed: int) -> np.ndarray:
    """(720, 1280, 3) of large patches."""
    patches = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), np.uint8)
    return patches.repeat(80, axis=0).repeat(80, axis=1)


def test_another_scene_is_a_cut_once() -> None:
    cut = SceneCut()
    found = [cut.update(scene(seed)) for seed in (1, 1, 2, 2, 1)]
    assert found == [False, False, True, False, True]


def test_a_light_that_is_dimmed_is_none() -> None:
    cut = SceneCut()
    cut.update(scene(1))
    assert not cut.update(scene(1) // 3)


def test_somebody_who_walks_through_is_none() -> None:
    cut = SceneCut()
    cut.update(scene(1))
    image = scene(1)
    image[200:, 400:700] = 30
    assert not cut.update(image)


def test_after_a_reset_nothing_is_a_cut() -> None:
    cut = SceneCut()
    cut.update(scene(1))
    cut.reset()
    assert not cut.update(scene(2))


def test_pictures_of_any_size_and_of_nothing_are_taken() -> None:
    cut = SceneCut()
    for image in (np.zeros((480, 640, 3), np.uint8), np.full((3, 5, 3), 9, np.uint8), scene(1)):
        cut.update(image)
