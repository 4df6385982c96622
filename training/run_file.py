"""What a run's folder says of it; loads no Keras."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.messages import describe
from training.recipe import RecipeError


class Run(BaseModel):
    """What ``run.json`` says of a run.

    Attributes:
        name: of the recipe.
        recipe: its content, with the seed and epochs that were asked for.
        pictures: number that was trained on.
        teachers: files of a distillation.
        device: what it ran on, and `devices` how many of them.
        seconds: how long, all parts of an interrupted run together, without what was lost.
        epochs: that are done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    recipe: dict[str, Any]
    pictures: int
    teachers: tuple[str, ...] = ()
    backend: str
    device: str
    devices: int
    seconds: float = 0
    epochs: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether the last epoch is done."""
        return self.epochs == self.recipe["epochs"]


def read_run(network: Path) -> Run | None:
    """The ``run.json`` beside a network; None where there is none."""
    path = network.with_name("run.json")
    if not path.exists():
        return None
    try:
        return Run.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise RecipeError(f"{path}: expected what a run writes, got: {describe(error)}") from error
