"""Trains the face detector by a recipe; a killed run goes on where it stopped."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from training import run, wider_face
from training.backup import Backup
from training.deepening import added_blocks, deepen
from training.face_detector.augmentation import random_crop
from training.face_detector.groups import Demographics, read_demographics
from training.face_detector.hard_examples import OverlookedFaces, decoys, look, overlooked
from training.face_detector.loss import detection_loss
from training.face_detector.network import face_detector
from training.face_detector.teacher import Teacher
from training.log import EpochLog, tensorboard
from training.moving_average import SaveAveraged, measure_statistics
from training.recipe import DetectorRecipe, RecipeError, load_start
from training.schedule import optimizer
from training.start import start_from
from training.torch_kernels import use_torch_kernels

_STATISTICS_BATCHES: Final = 50
_LOOK_IN_CROPS: Final = 2
"""Hard examples are looked for in whole pictures, at a size the agent sees, twice a crop's."""


class Crops(keras.utils.PyDataset):
    """Batches of random crops; an epoch sees each picture once.

    With a teacher, a batch also holds its answers.

    Attributes:
        decoys: by picture, as `hard_examples.decoys` gives them; None until they are known.
        overlooked: faces that some of the crops are taken around; None until they are known.
        measured: so many batches measure batch normalisation's statistics.
    """

    def __init__(
        self,
        pictures: list[wider_face.LabelledPicture],
        recipe: DetectorRecipe,
        teacher: Teacher | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.decoys: list[np.ndarray] | None = None
        self.overlooked: OverlookedFaces | None = None
        self.pictures, self.recipe, self.teacher = pictures, recipe, teacher
        self.measured = min(_STATISTICS_BATCHES, len(self))
        self.begin_epoch(0)

    def __len__(self) -> int:
        return max(1, len(self.pictures) // self.recipe.batch_size)

    def begin_epoch(self, epoch: int) -> None:
        """Shuffles for an epoch, the same way also after a run was ended and goes on."""
        random = np.random.default_rng((self.recipe.seed, epoch))
        self.order = random.permutation(len(self.pictures))
        self.epoch = epoch

    def __getitem__(self, index: int) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        images, faces, ignored = self._crops(index)
        if self.teacher is None:
            return images, (faces, ignored)
        return images, (faces, ignored, self.teacher.answer(images))

    def images(self) -> Iterator[np.ndarray]:
        """The pictures of the first batches, which measure statistics."""
        for index in range(self.measured):
            yield self._crops(index)[0]

    def _crops(self, index: int) -> tuple[np.ndarray, ...]:
        random = np.random.default_rng((self.recipe.seed, self.epoch + 1, index))
        size = self.recipe.batch_size
        chosen = self.order[index * size : (index + 1) * size]
        hardships = self.recipe.hardships
        if hardships and self.epoch >= self.recipe.epochs - hardships.clean_epochs:
            hardships = None
        behind = hardships is not None and hardships.backdrop
        share = self.recipe.overlooked_share
        crops = []
        for i in chosen:
            around = None
            # Nothing is drawn where nothing is asked for, so that older recipes see their crops.
            if share > 0 and random.random() < share and self.overlooked is not None:
                i, around = self.overlooked.draw(random)
            one = random_crop(
                self.pictures[i],
                self.recipe.input_size,
                random,
                scales=self.recipe.scales,
                smallest_face=self.recipe.smallest_face,
                face_share=self.recipe.face_share,
                decoys=self.decoys[i] if self.decoys else None,
                decoy_share=self.recipe.decoy_share,
                around_xyxy=around,
                hardships=hardships,
                backdrop=self.pictures[random.integers(len(self.pictures))] if behind else None,
            )
            crops.append(one)
        return tuple(np.stack(part) for part in zip(*crops, strict=True))


class DetectorTrainer(keras.Model):
    """The network with its loss, which needs all maps at once.

    Attributes:
        teacher_weight: of the distance from a teacher's answers, where a batch has them.
    """

    teacher_weight = 0.0

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        faces, ignored, *answers = y
        return detection_loss(
            *(y_pred, faces, ignored, x.shape[1:3]),
            answers=answers[0] if answers else None,
            teacher_weight=self.teacher_weight,
        )


def train(
    recipe: DetectorRecipe,
    *,
    name: str,
    data: Path,
    out: Path,
    start: Path | None = None,
    teacher: Path | None = None,
    demographics: Path | None = None,
    workers: int = 1,
    limit: int | None = None,
) -> Path:
    """Trains and writes ``network.keras`` (moving-average weights), ``log.csv`` and ``run.json``.

    Args:
        recipe: what to do.
        name: of the recipe.
        data: WIDER FACE, as `wider_face.load` takes it.
        out: folder of the run; run again with the same folder to go on after a kill.
        start: a trained network to begin with, of the recipe that this one starts from or of the
            same options: a ``.keras`` file, or a released ``.tflite`` one.
        teacher: YuNet's ONNX file, where the recipe gives it a weight.
        demographics: who is seen, where the recipe takes more crops of some groups of people.
        workers: threads that make crops.
        limit: use only so many pictures, to try a recipe out.

    Returns:
        The path of the trained network.

    Raises:
        RecipeError: for options that the network does not take.
        DatasetError: for data that cannot be read.
    """
    if (teacher is None) != (recipe.teacher_weight == 0):
        raise RecipeError(
            f"teacher_weight: {recipe.teacher_weight:g} in the recipe: expected "
            f"{'no ' if recipe.teacher_weight == 0 else ''}--teacher, got {teacher}"
        )
    if recipe.options.get("frontality") and teacher is None:
        raise RecipeError(
            "options: frontality: expected a recipe with teacher_weight, as only a teacher tells "
            "how far faces are turned; got one without"
        )
    for key in ("decoy_share", "overlooked_share"):
        if getattr(recipe, key) and start is None:
            raise RecipeError(
                f"{key}: {getattr(recipe, key):g} in the recipe: expected --start, a network that "
                "tells what is hard, got none"
            )
    if (demographics is None) == bool(recipe.overlooked_groups):
        raise RecipeError(
            f"overlooked_groups: {recipe.overlooked_groups or 'none'} in the recipe: expected "
            f"{'' if recipe.overlooked_groups else 'no '}--demographics, got {demographics}"
        )
    people = read_demographics(demographics) if demographics else None
    asked = Teacher(teacher) if teacher else None
    use_torch_kernels()
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    pictures = wider_face.load(data, "training")[:limit]
    begun = run.begin(name, recipe, out, pictures=len(pictures))
    if begun.is_finished:
        return out / "network.keras"
    crops = Crops(pictures, recipe, asked, workers=workers)
    try:
        network = face_detector(**recipe.options)
    except TypeError as error:
        raise RecipeError(f"options: {error}") from error
    if start is not None:
        _start(network, recipe, start, crops.images())
    if recipe.decoy_share or recipe.overlooked_share:
        # Before a backup is restored, so that a run that goes on sees the examples it saw.
        _find_hard_examples(crops, network, people)
    exact = exact_network(recipe)
    pixels = keras.Input((recipe.input_size, recipe.input_size, 3), dtype="uint8")
    model = DetectorTrainer(pixels, network(pixels))
    model.teacher_weight = recipe.teacher_weight
    model.compile(
        optimizer=optimizer(
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            steps=len(crops) * recipe.epochs,
            warmup_steps=int(len(crops) * recipe.warmup_epochs),
            ema_momentum=recipe.ema_momentum,
        ),
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )

    def refresh() -> None:
        exact.set_weights(network.get_weights())
        measure_on_crops(exact, crops.images())

    backup = Backup(out / "backup", every=recipe.measure_every)
    epoch = backup.restore(model)
    out.mkdir(parents=True, exist_ok=True)
    log = EpochLog(out / "log.csv", ("loss", "seconds"))
    log.begin(epoch)
    model.fit(
        crops,
        initial_epoch=epoch,
        epochs=recipe.epochs,
        # The crops come shuffled, and after a run was ended in the order they would have had.
        shuffle=False,
        callbacks=[
            backup,
            keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: crops.begin_epoch(epoch)
            ),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            SaveAveraged(
                exact,
                out / "network.keras",
                refresh=refresh,
                every=recipe.measure_every,
                last=recipe.epochs,
            ),
            run.KeepRun(begun, out, every=recipe.measure_every),
            log,
            *tensorboard(out / "tensorboard"),
        ],
    )
    backup.remove()
    return out / "network.keras"


def _find_hard_examples(
    crops: Crops, network: keras.Model, demographics: Demographics | None
) -> None:
    """Tells the crops what the network that training begins with gets wrong."""
    recipe, pictures = crops.recipe, crops.pictures
    size = _LOOK_IN_CROPS * recipe.input_size
    found = look(network, pictures, size=size)
    if recipe.decoy_share:
        crops.decoys = decoys(found, pictures)
    if recipe.overlooked_share:
        crops.overlooked = overlooked(
            *(found, pictures),
            size=size,
            groups=recipe.overlooked_groups,
            demographics=demographics,
        )


def exact_network(recipe: DetectorRecipe) -> keras.Model:
    """A recipe's network in float32, in which what is kept answers."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    network = face_detector(**recipe.options)
    keras.config.set_dtype_policy(policy)
    return network


def measure_on_crops(network: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Measures batch normalisation's statistics anew; rounded ones cost AP: give it float32."""

    def run_as_in_training() -> int:
        number = 0
        for images in batches:
            network(images, training=True)
            number += 1
        return number

    measure_statistics(network, run_as_in_training)


def _start(
    network: keras.Model, recipe: DetectorRecipe, path: Path, batches: Iterator[np.ndarray]
) -> None:
    """Gives a network the weights that it begins with; it may have more blocks than they have."""
    begun = network
    earlier = load_start(recipe)
    if earlier is not None:
        shallow = face_detector(**earlier.options)
        if added_blocks(network, shallow):
            begun = shallow
    start_from(begun, path, batches)
    if begun is not network:
        deepen(network, begun)
