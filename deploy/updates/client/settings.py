"""The settings of the updater: ``/etc/edge-agent/updates.yaml``."""

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from deploy.updates.errors import UpdateError
from edge_agent.messages import describe

DEFAULT_FILE: Final = Path("/etc/edge-agent/updates.yaml")
_ON_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "::1")


class UpdateSettings(BaseModel):
    """Where releases come from, and where they go.

    Attributes:
        url: of the repository, over HTTPS.
        ca_file: authorities (PEM) to trust in place of the system's.
        patience_seconds: how long a new release may take to its first delivered count.
        root_file: what the repository's signatures are checked against at the very first.
        agent_config: the agent's configuration, which names site and device.
        install_folder: has ``releases/`` and the link ``current``.
        memory_folder: what this program remembers; nobody else may write there.
        agent_folders: where the agent says what it is doing.
        unit: the agent's, for systemd.
        user: whom the agent runs as; a new release is tried out as that user first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    ca_file: Path | None = None
    patience_seconds: Annotated[float, Field(ge=1, le=86_400)] = 300.0
    root_file: Path = Path("/etc/edge-agent/updates-root.json")
    agent_config: Path = Path("/etc/edge-agent/config.yaml")
    install_folder: Path = Path("/opt/edge-agent")
    memory_folder: Path = Path("/var/lib/edge-agent-updates")
    agent_folders: tuple[Path, ...] = (Path("/run/edge-agent"), Path("/var/lib/edge-agent"))
    unit: Annotated[str, Field(pattern=r"^[A-Za-z0-9@_.-]+\.service$")] = "edge-agent.service"
    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]*$")] | None = "edge-agent"

    @field_validator("url")
    @classmethod
    def _safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme == "https" and parts.hostname:
            return value
        if parts.scheme == "http" and parts.hostname in _ON_THIS_MACHINE:
            return value
        raise ValueError("must be an address that begins with https://")


def load(path: Path) -> UpdateSettings:
    """Reads and checks the settings.

    Raises:
        UpdateError: one sentence naming the file, the key, and the value.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return UpdateSettings.model_validate({} if content is None else content)
    except OSError as error:
        raise UpdateError(
            f"{path}: expected a readable file, got: {error.strerror}; docs/operations.md tells "
            "what belongs there"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UpdateError(f"{path}: expected YAML, got: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        raise UpdateError(f"{path}: {describe(error)}") from error
