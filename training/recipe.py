"""Recipes: YAML files that hold everything a training run depends on."""

from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    ValidationError,
    field_validator,
    model_validator,
)

from edge_agent.messages import describe

RECIPES = Path(__file__).parent / "recipes"


class RecipeError(ValueError):
    """A recipe that cannot be followed."""


class _Recipe(BaseModel):
    """What every recipe says.

    Attributes:
        options: of the network.
        starts_from: the recipe whose network this one begins with; None for random weights.
        learning_rate: its highest, after the warm-up.
        ema_momentum: of the moving average of the weights, a step.
        measure_every: epochs from one measurement, saved network and backup to the next.
        average_of: recipes whose networks' weights are averaged in place of training, with a seed
            where it is not the recipe's own: ``emotion_student:2``; this recipe then tells the
            network, and the crops on which it is measured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    options: dict[str, Any] = {}
    starts_from: str | None = None
    epochs: int = Field(gt=0)
    batch_size: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    warmup_epochs: float = Field(ge=0)
    weight_decay: float = Field(ge=0)
    ema_momentum: float = Field(gt=0, lt=1)
    measure_every: int = Field(default=1, gt=0)
    average_of: tuple[str, ...] = Field(default=(), min_length=2)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _learns_or_averages(self) -> "_Recipe":
        learns = [key for key in ("starts_from", "distillation") if getattr(self, key, None)]
        if self.average_of and learns:
            raise ValueError(
                f"expected average_of without {' and '.join(learns)}, for a mean is not trained; "
                "set to null what the recipe that it is like says"
            )
        return self


class Distillation(BaseModel):
    """What a student learns from teachers.

    Attributes:
        teachers: the recipes that trained them.
        temperature: that softens the answers of teachers and student.
        weight: share of the teachers in the loss; the rest is the labels'.
        mirrored: teachers answer for each crop and for its mirror image, and teach the mean.
        unlabelled_pixels: learn from the teachers also on WIDER FACE's faces of at least this
            size, which have no label; None for FER-2013's alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    teachers: tuple[str, ...] = Field(min_length=1)
    temperature: float = Field(gt=0)
    weight: float = Field(ge=0, le=1)
    mirrored: bool = False
    unlabelled_pixels: int | None = Field(default=None, gt=0)


class EmotionRecipe(_Recipe):
    """How an emotion classifier is trained.

    Attributes:
        ferplus_weight: share of FER+'s votes in the target; the rest is FER-2013's own label.
        mixup: alpha of the distribution by which neighbours are mixed; 0 for none.
        distillation: for a student, what it learns from its teachers.
    """

    task: Literal["emotion_classifier"]
    family: str
    augmentation: dict[str, Any] = {}
    label_smoothing: float = Field(ge=0, lt=1)
    ferplus_weight: float = Field(default=0, ge=0, le=1)
    mixup: float = Field(default=0, ge=0)
    distillation: Distillation | None = None


class Hardships(BaseModel):
    """What makes faces harder to find in a detector's crops, beside usual light and blur.

    Attributes:
        turned_share: of the crops that are turned by up to `turned_degrees` either way.
        covered_share: of the faces that have a quarter to a half covered, from one side.
        shadow_share: of the crops that are dark on one side.
        smear_share: of the crops that are blurred along a line.
        backdrop: whether another picture is seen where a crop reaches beyond its own.
        clean_epochs: the last so many go without any of this (after Ge et al., "YOLOX", 2021,
            which leaves its mosaic out at the end).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    turned_share: float = Field(default=0.0, ge=0, le=1)
    turned_degrees: float = Field(default=0.0, ge=0, le=180)
    covered_share: float = Field(default=0.0, ge=0, le=1)
    shadow_share: float = Field(default=0.0, ge=0, le=1)
    smear_share: float = Field(default=0.0, ge=0, le=1)
    backdrop: bool = False
    clean_epochs: int = Field(default=0, ge=0)


class DetectorRecipe(_Recipe):
    """How a face detector is trained.

    Attributes:
        input_size: side of the crops in pixels.
        teacher_weight: of what a teacher says beside the true boxes; 0 for no teacher.
        scales: of the crops of a random place: the least and the largest side, as a share of the
            picture's short side.
        face_share: of the crops that are taken around a face; the others are of a random place.
        decoy_share: of the crops that are taken, in place of these, around what the network that
            this one starts from takes for a face where none is.
        overlooked_share: of the crops that are taken around a face of any training picture, the
            more often the less sure the network that this one starts from is of it.
        overlooked_groups: column of ``--demographics`` and its values: only faces of people with
            one of these are drawn; empty for all.
        smallest_face: in pixels of the crop; of lower faces only the teacher tells.
        hardships: what makes the faces in them harder to find; None for nothing.
    """

    task: Literal["face_detector"]
    input_size: int = Field(gt=0, multiple_of=32)
    teacher_weight: float = Field(default=0.0, ge=0)
    scales: tuple[PositiveFloat, PositiveFloat] = (0.3, 2.0)
    face_share: float = Field(default=0.0, ge=0, le=1)
    decoy_share: float = Field(default=0.0, ge=0, le=1)
    overlooked_share: float = Field(default=0.0, ge=0, le=1)
    overlooked_groups: dict[str, tuple[str, ...]] = {}
    smallest_face: PositiveFloat = 8.0
    hardships: Hardships | None = None

    @field_validator("scales")
    @classmethod
    def _ascend(cls, scales: tuple[float, float]) -> tuple[float, float]:
        if scales[0] > scales[1]:
            raise ValueError("expected the least before the largest")
        return scales

    @model_validator(mode="after")
    def _groups_have_a_share(self) -> "DetectorRecipe":
        if self.overlooked_groups and not self.overlooked_share:
            raise ValueError("expected overlooked_groups with an overlooked_share, got it without")
        return self


Recipe = EmotionRecipe | DetectorRecipe
_SameTask = TypeVar("_SameTask", EmotionRecipe, DetectorRecipe)


def names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load(name_or_path: str) -> Recipe:
    """Reads a recipe by its name in ``training/recipes`` or by its path.

    What it leaves out is taken from the recipe that it is ``like``, if it names one. A seed in
    place of its own may follow: ``emotion_student:2``.

    Raises:
        RecipeError: one sentence naming the file, the key and the value.
    """
    name, _, seed = name_or_path.partition(":")
    if seed and not seed.isdecimal():
        raise RecipeError(f"{name_or_path}: expected a seed as in {name}:2")
    path, content = _read(name)
    if isinstance(content, dict) and "like" in content:
        like = content.pop("like")
        _, other = _read(str(like))
        if not isinstance(other, dict) or "like" in other:
            raise RecipeError(
                f"{path}: like: expected a recipe that says everything by itself, got {like}"
            )
        content = other | content
    task = content.get("task") if isinstance(content, dict) else None
    kinds: dict[Any, type[EmotionRecipe] | type[DetectorRecipe]] = {
        "emotion_classifier": EmotionRecipe,
        "face_detector": DetectorRecipe,
    }
    if task not in kinds:
        raise RecipeError(f"{path}: task: expected one of {', '.join(kinds)}, got {task!r}")
    if seed:
        if content.get("average_of"):
            raise RecipeError(
                f"{name_or_path}: expected no seed for a mean of networks, which draws none"
            )
        content = content | {"seed": int(seed)}
    try:
        return kinds[task].model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"{path}: {describe(error)}") from error


def _read(name_or_path: str) -> tuple[Path, Any]:
    path = Path(name_or_path)
    if not path.suffix:
        path = RECIPES / f"{name_or_path}.yaml"
    try:
        return path, yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(
            f"{path}: expected a recipe ({', '.join(names())}) or a YAML file, got {error}"
        ) from error


def load_start(recipe: _SameTask) -> _SameTask | None:
    """The recipe whose network another one begins with; None where that begins anew.

    Raises:
        RecipeError: when it cannot be read, or is of the other task.
    """
    if recipe.starts_from is None:
        return None
    earlier = load(recipe.starts_from)
    if not isinstance(earlier, type(recipe)):
        raise RecipeError(
            f"starts_from: expected a recipe of the task {recipe.task}, got {recipe.starts_from}, "
            f"of {earlier.task}"
        )
    return earlier
