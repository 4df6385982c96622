"""The crops that the detector is trained on."""

from pathlib import Path

import numpy as np
import pytest

from training.face_detector.augmentation import random_crop
from training.recipe import DetectorRecipe, Hardships, RecipeError, load
from training.wider_face import LabelledPicture

SIZE = 320


def picture(*boxes: tuple[float, float, float, float], ignored: bool = False) -> LabelledPicture:
    """640 x 480 grey pixels, each face a white box."""
    image = np.full((480, 640, 3), 90, np.uint8)
    for x1, y1, x2, y2 in np.array(boxes, int):
        image[y1:y2, x1:x2] = 255
    return LabelledPicture(
        "event/picture.jpg",
        image,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(boxes), ignored),
        np.zeros((len(boxes), 6), int),
    )


def heights(share: float, *, number: int = 300) -> list[float]:
    """Of the faces in so many crops of a picture with a face of 30 x 40 pixels."""
    random = np.random.default_rng(0)
    one = picture((300, 200, 330, 240))
    result: list[float] = []
    for _ in range(number):
        _, faces, _ = random_crop(one, SIZE, random, face_share=share)
        result += [y2 - y1 for _, y1, _, y2, flag in faces if flag]
    return result


def test_around_a_face_each_crop_holds_it_whole_and_at_any_size() -> None:
    found = heights(1.0)
    assert len(found) == 300
    # 40 pixels are enlarged by 2.5 at the most.
    assert 8 <= min(found) < 10
    assert 90 < max(found) <= 101
    counts, _ = np.histogram(np.log(found), bins=3, range=(np.log(8), np.log(100)))
    assert counts.min() > 60


def test_a_random_place_often_holds_none() -> None:
    assert len(heights(0.0)) < 250


def test_around_a_decoy_each_crop_holds_it_whole_and_a_large_one_more_often() -> None:
    """Decoys of 40 and 20 pixels, white where the rest of the picture is grey."""
    random = np.random.default_rng(0)
    one = picture((100, 100, 140, 140), (400, 300, 420, 320))
    decoys = one.boxes_xyxy
    without = picture()
    large, lengths = 0, []
    for _ in range(300):
        state = random.bit_generator.state
        _, told, _ = random_crop(one, SIZE, random, decoys=decoys, decoy_share=1.0)
        random.bit_generator.state = state
        _, faces, _ = random_crop(without, SIZE, random, decoys=decoys, decoy_share=1.0)
        assert not faces[:, 4].any()
        longest = (told[:, 2:4] - told[:, :2]).max()
        assert longest >= 8
        lengths.append(longest)
        large += longest > 50
    # 16 to 100 pixels for the large one, to 50 for the small one, which is there four times less.
    assert max(lengths) > 95 and large > 60


def test_without_decoys_or_a_share_of_them_a_crop_is_as_ever() -> None:
    one = picture((300, 200, 330, 240))
    decoys = np.array([[10, 10, 60, 60]], np.float32)

    def crop(**options: object) -> np.ndarray:
        return random_crop(one, SIZE, np.random.default_rng(5), face_share=0.5, **options)[0]

    assert np.array_equal(crop(), crop(decoys=decoys))
    assert not np.array_equal(crop(), crop(decoys=decoys, decoy_share=1.0))
    assert crop(decoys=decoys[:0], decoy_share=1.0).shape == (SIZE, SIZE, 3)


def test_around_a_face_that_is_named_each_crop_holds_it_whatever_the_shares_say() -> None:
    one = picture((300, 200, 330, 240), (20, 20, 28, 30))
    random = np.random.default_rng(0)
    for _ in range(50):
        _, faces, _ = random_crop(
            one,
            SIZE,
            random,
            decoys=np.array([[500, 400, 560, 460]], np.float32),
            decoy_share=1.0,
            around_xyxy=one.boxes_xyxy[0],
        )
        widths = faces[:, 2] - faces[:, 0]
        # The wider one, three quarters as wide as it is high, and wholly inside.
        assert faces[0, 4] and widths[0] == pytest.approx(
            (faces[0, 3] - faces[0, 1]) * 0.75, rel=1e-4
        )


def test_the_box_lies_on_the_face() -> None:
    random = np.random.default_rng(1)
    one = picture((300, 200, 360, 280))
    for _ in range(20):
        image, faces, _ = random_crop(one, SIZE, random, face_share=1.0)
        x1, y1, x2, y2 = faces[0, :4]
        middle = image[int((y1 + y2) / 2), int((x1 + x2) / 2)].mean()
        beside = image[int((y1 + y2) / 2), max(0, int(x1) - 5)].mean()
        assert middle > beside + 20 or x1 < 6


def test_a_picture_without_a_face_is_cropped_anywhere() -> None:
    random = np.random.default_rng(0)
    one = picture((300, 200, 330, 240), ignored=True)
    image, faces, _ = random_crop(one, SIZE, random, face_share=1.0)
    assert image.shape == (SIZE, SIZE, 3)
    assert not faces[:, 4].any()


def test_the_box_of_a_turned_face_lies_on_it() -> None:
    """Around the ellipse that a face fills, which a corner of the white box may overlook."""
    random = np.random.default_rng(2)
    one = picture((300, 200, 360, 280))
    turned = Hardships(turned_share=1.0, turned_degrees=180)
    seen = 0
    for _ in range(40):
        image, faces, _ = random_crop(one, SIZE, random, face_share=1.0, hardships=turned)
        x1, y1, x2, y2 = faces[0, :4].round().astype(int)
        if y2 - y1 < 30:
            continue  # Turned out of the crop, or little more than its edges.
        seen += 1
        bright = image.mean(2) > 0.8 * image.max()
        assert bright[y1:y2, x1:x2].mean() > 0.6
        assert bright[y1:y2, x1:x2].sum() > 0.75 * bright.sum()
    assert seen > 10


@pytest.mark.parametrize(
    "hardship", ["covered_share", "shadow_share", "smear_share", "turned_share"]
)
def test_each_hardship_changes_the_picture_and_only_turning_moves_the_boxes(hardship: str) -> None:
    one = picture((300, 200, 400, 320), (100, 100, 180, 190))
    plain, harder = (
        random_crop(
            *(one, SIZE, np.random.default_rng(4)),
            face_share=1.0,
            hardships=Hardships(**{"turned_degrees": 30, hardship: share}),
        )
        for share in (0.0, 1.0)
    )
    assert not np.array_equal(plain[0], harder[0])
    assert np.array_equal(plain[1], harder[1]) == (hardship != "turned_share")


def test_a_backdrop_is_seen_with_its_faces_where_the_crop_reaches_beyond_its_picture() -> None:
    random = np.random.default_rng(3)
    alone = picture()
    behind = picture(*[(x, y, x + 60, y + 70) for x in (60, 300, 520) for y in (40, 330)])
    more = 0
    for _ in range(30):
        state = random.bit_generator.state
        image, faces, _ = random_crop(alone, SIZE, random, scales=(1.5, 2.0))
        assert not faces[:, 4].any() and (image < 60).any()
        random.bit_generator.state = state
        image, faces, _ = random_crop(alone, SIZE, random, scales=(1.5, 2.0), backdrop=behind)
        more += int(faces[:, 4].sum())
        for x1, y1, x2, y2 in faces[faces[:, 4] > 0, :4]:
            face = image[int(y1) : int(y2) + 1, int(x1) : int(x2) + 1].mean(2)
            # At most three tenths of a face that must be found are hidden.
            assert (face > np.median(image) + 20).mean() > 0.5
    assert more > 20


def test_of_a_face_behind_the_picture_nothing_is_asked() -> None:
    """Wholly hidden it is gone, half hidden its cells do not matter."""
    random = np.random.default_rng(6)
    alone, behind = picture(), picture((0, 0, 640, 480))
    asked = [
        random_crop(alone, SIZE, random, scales=(1.0, 1.0), backdrop=behind)[1][:, 4].any()
        for _ in range(10)
    ]
    assert not any(asked)


def test_a_recipe_says_how_much_of_a_picture_is_seen() -> None:
    pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")
    from training.face_detector.train import Crops

    whole = picture((10, 10, 60, 60), (580, 420, 630, 470))

    def faces_of(*scales: float) -> np.ndarray:
        recipe = load("detector_deep").model_copy(
            update={"scales": scales, "face_share": 0.0, "hardships": None}
        )
        crops = Crops([whole] * recipe.batch_size, recipe)
        faces: np.ndarray = crops[0][1][0]
        return faces[:, :, 4].sum(axis=1)

    assert (faces_of(1.4, 2.0) == 2).all()
    assert (faces_of(0.3, 0.5) < 2).all()


def test_of_faces_below_a_recipes_smallest_nothing_is_asked_and_nothing_held_against() -> None:
    pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")
    from training.face_detector.train import Crops

    small = picture((300, 200, 330, 240))

    def seen(smallest: float) -> tuple[int, bool]:
        recipe = load("detector_deep").model_copy(
            update={
                **{"scales": (1.0, 1.0), "face_share": 0.0, "hardships": None},
                **{"smallest_face": smallest, "batch_size": 40},
            }
        )
        # The whole short side is seen, in two thirds of its pixels: the face is 27 pixels high.
        faces, ignored = Crops([small] * 40, recipe)[0][1]
        return int(faces[..., 4].sum()), bool(ignored.any())

    assert seen(8.0)[0] > 20
    assert seen(28.0) == (0, True)


def test_scales_the_wrong_way_round_are_refused(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("{task: face_detector, like: detector_deep, scales: [2.0, 0.3]}")
    with pytest.raises(RecipeError, match=r"scales: .* the least before the largest, got \[2\.0"):
        load(str(recipe))


def test_the_last_epochs_are_without_hardships() -> None:
    pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")
    from training.face_detector.train import Crops

    recipe = load("detector_varied")
    assert isinstance(recipe, DetectorRecipe) and recipe.hardships is not None
    plain = recipe.model_copy(update={"hardships": None})
    pictures = [picture((300, 200, 400, 320))] * recipe.batch_size
    first_clean = recipe.epochs - recipe.hardships.clean_epochs

    def images(of: DetectorRecipe, epoch: int) -> np.ndarray:
        crops = Crops(pictures, of)
        crops.begin_epoch(epoch)
        return crops[0][0]

    assert np.array_equal(images(recipe, first_clean), images(plain, first_clean))
    assert not np.array_equal(images(recipe, first_clean - 1), images(plain, first_clean - 1))
