"""Where a run stands, on disk: written whole or not at all, whatever kills the program."""

import re
from pathlib import Path

import keras

from training.recipe import RecipeError


class Backup(keras.callbacks.Callback):
    """Keeps the weights, their average and the optimizer in one file, named after the epoch.

    Stands before the callback that swaps the averaged weights in: the live ones go on.

    Args:
        folder: for the files.
        every: so many epochs.
    """

    def __init__(self, folder: Path, *, every: int = 1) -> None:
        super().__init__()
        self._folder, self._every = folder, every

    def restore(self, model: keras.Model) -> int:
        """Puts the newest backup into a compiled model; returns the number of epochs it had.

        Raises:
            RecipeError: when it is not of this model.
        """
        found = self._files()
        if not found:
            return 0
        epochs, path = found[-1]
        model.optimizer.build(model.trainable_variables)
        try:
            model.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            raise RecipeError(
                f"{path}: expected the backup of this recipe's run, got: "
                f"{(str(error).splitlines() or [''])[0]}; remove the folder to begin again"
            ) from error
        return epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if (epoch + 1) % self._every:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        # Keras insists on the ending.
        partial = self._folder / "partial.weights.h5"
        self.model.save_weights(partial)
        partial.replace(self._folder / f"{epoch + 1}.weights.h5")
        self._remove(but=epoch + 1)

    def remove(self) -> None:
        """Removes what a finished run does not need."""
        self._remove(but=None)
        if self._folder.exists():
            (self._folder / "partial.weights.h5").unlink(missing_ok=True)
            self._folder.rmdir()

    def _remove(self, *, but: int | None) -> None:
        for epochs, path in self._files():
            if epochs != but:
                path.unlink()

    def _files(self) -> list[tuple[int, Path]]:
        found = []
        for path in self._folder.glob("*.weights.h5"):
            number = re.fullmatch(r"(\d+)\.weights\.h5", path.name)
            if number:
                found.append((int(number[1]), path))
        return sorted(found)
