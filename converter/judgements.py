"""How often `verify` found each converted file right, kept beside the files for `benchmark`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from converter.convert import ConversionError
from converter.files import write_whole
from edge_agent.messages import Sha256, describe

_SUFFIX: Final = ".judgements.json"


class Judgement(BaseModel):
    """A file's accuracy, 0..1, with its 95 % interval, on so many pictures of PublicTest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: Sha256
    accuracy: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    pictures: int = Field(gt=0)


class _Judgements(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    judgements: tuple[Judgement, ...]


def write_judgements(folder: Path, network: str, judgements: Sequence[Judgement]) -> None:
    """Keeps what was found of a network's files as ``<network>.judgements.json``.

    Raises:
        OutputError: when it cannot be written.
    """
    text = _Judgements(judgements=tuple(judgements)).model_dump_json(indent=2)
    write_whole(folder / f"{network}{_SUFFIX}", f"{text}\n".encode())


def read_judgements(folder: Path, network: str) -> dict[str, Judgement]:
    """What was found of a network's files, by their SHA-256; nothing before `verify`.

    Raises:
        ConversionError: when the list is damaged.
    """
    path = folder / f"{network}{_SUFFIX}"
    try:
        found = _Judgements.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValidationError, OSError) as error:
        reason = describe(error) if isinstance(error, ValidationError) else error.strerror
        raise ConversionError(
            f"{path}: expected what verify found, got: {reason}; verify again"
        ) from error
    return {one.sha256: one for one in found.judgements}
