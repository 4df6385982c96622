"""What each epoch gave, as a line of CSV and, where it can be written, for TensorBoard."""

import csv
import importlib.util
from pathlib import Path
from typing import Any

import keras


class EpochLog(keras.callbacks.Callback):
    """Appends an epoch's figures to ``log.csv``; a run that goes on overwrites what it repeats.

    Args:
        path: of the file.
        columns: its figures; one that an epoch does not have stays empty.
    """

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        super().__init__()
        self._path, self._columns = path, ("epoch", *columns)

    def begin(self, epoch: int) -> None:
        """Keeps only the lines before an epoch."""
        kept = [row for row in read_log(self._path) if int(row["epoch"]) < epoch]
        with self._path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(kept)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        row = {name: f"{float(value):.6g}" for name, value in (logs or {}).items()}
        with self._path.open("a", newline="") as file:
            writer = csv.DictWriter(file, self._columns, extrasaction="ignore")
            writer.writerow({**row, "epoch": epoch})


def read_log(path: Path) -> list[dict[str, str]]:
    """The lines of a ``log.csv``; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def tensorboard(folder: Path) -> list[keras.callbacks.Callback]:
    """A callback that writes TensorBoard's files; none where tensorboardX is not installed.

    Keras' own callback needs TensorFlow, which a GPU host may lack.
    """
    if importlib.util.find_spec("tensorboardX") is None:
        return []
    return [_TensorBoard(folder)]


class _TensorBoard(keras.callbacks.Callback):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(self._folder))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, value in (logs or {}).items():
            self._writer.add_scalar(name, float(value), epoch)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._writer.close()
