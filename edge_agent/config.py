"""The configuration: ``config.yaml`` → frozen, validated settings."""

import difflib
import ipaddress
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from edge_agent.errors import ConfigError
from edge_agent.messages import Identifier, describe
from edge_agent.timetable import Timetable


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Deployment(_Section):
    """Who runs this, where, and why."""

    purpose: str = ""
    site: Identifier = "my-school"
    device: Identifier = "room-101"


class Camera(_Section):
    """Where frames come from, and how many a second are looked at."""

    source: str | Annotated[int, Field(ge=0)] = "auto"
    width: Annotated[int, Field(ge=160, le=4096)] = 1280
    height: Annotated[int, Field(ge=120, le=4096)] = 720
    frames_per_second: Annotated[float, Field(ge=0.5, le=60)] = 4.0
    hang_seconds: Annotated[float, Field(ge=1, le=600)] = 10.0


class Detector(_Section):
    """The face detector; null takes the released network and its released threshold."""

    model: str | None = None
    score_threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    longer_side: Annotated[int, Field(ge=160, le=1920, multiple_of=32)] = 640
    repeat_seconds: Annotated[float, Field(ge=0, le=10)] = 0.5
    threads: Annotated[int, Field(ge=1, le=16)] = 1


class Classifier(_Section):
    """The emotion classifier, and when its answer counts."""

    model: str | None = None
    confidence_threshold: Annotated[float, Field(ge=0, le=1)] = 0.4
    smallest_face_pixels: Annotated[int, Field(ge=1, le=512)] = 16
    least_frontality: Annotated[float, Field(ge=0, le=1)] = 0.2
    least_sharpness: Annotated[float, Field(ge=0, le=1)] = 0.003
    repeat_seconds: Annotated[float, Field(ge=0, le=3600)] = 1.0
    threads: Annotated[int, Field(ge=1, le=16)] = 1


class Window(_Section):
    """The stretch of time that one message counts."""

    seconds: Annotated[float, Field(ge=1, le=3600)] = 5.0


class PaceSettings(_Section):
    """What makes the frames that are looked at fewer than the camera's section asks for."""

    min_frames_per_second: Annotated[float, Field(ge=0.5, le=60)] = 1.0
    max_temperature_c: Annotated[float, Field(ge=30, le=120)] = 75.0
    max_cpu_share: Annotated[float, Field(ge=0.05, le=64)] = 1.0


class TimetableSettings(_Section):
    """When to count."""

    active: tuple[str, ...] = ()

    @field_validator("active", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("active")
    @classmethod
    def _lessons(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Timetable(value)
        return value


class Privacy(_Section):
    """Below this many people in view, no numbers are published."""

    min_faces: Annotated[int, Field(ge=1, le=1000)] = 5


AUTO: Final = "auto"
_ADDRESS: Final = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"


class Mqtt(_Section):
    """The broker. Beyond this machine it needs TLS and a login."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    fallback: tuple[Annotated[str, Field(pattern=_ADDRESS)], ...] = ()
    wait_for_broker: bool = False
    keepalive_seconds: Annotated[int, Field(ge=5, le=3600)] = 30
    replay_per_second: Annotated[float, Field(ge=0.1, le=1000)] = 20.0
    home_assistant: bool = False
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None

    @field_validator("fallback", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("fallback")
    @classmethod
    def _ports(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not 1 <= int(address.rpartition(":")[2]) <= 65535:
                raise ValueError(f"expected host:port with a port from 1 to 65535, got {address!r}")
        return value

    @model_validator(mode="after")
    def _safe(self) -> "Mqtt":
        beyond = next((host for host, _ in self.addresses() if not _is_loopback(host)), None)
        if beyond is None:
            return self
        if self.ca_file is None:
            raise ValueError(f"a broker beyond this machine ({beyond}) needs TLS: set mqtt.ca_file")
        if self.certificate_file is None and self.username is None:
            raise ValueError(
                f"a broker beyond this machine ({beyond}) needs a login: set mqtt.username "
                "and mqtt.password_file, or mqtt.certificate_file and mqtt.key_file"
            )
        return self

    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of every broker, in the order in which they are tried."""
        others = (address.rpartition(":") for address in self.fallback)
        return [
            (self.host, self.port),
            *((host.strip("[]"), int(port)) for host, _, port in others),
        ]

    def is_loopback(self) -> bool:
        """Whether every broker is on this machine."""
        return all(_is_loopback(host) for host, _ in self.addresses())


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class OutboxSettings(_Section):
    """Where finished windows wait for the broker, and how many may."""

    file: Annotated[str, Field(min_length=1)] | None = AUTO
    max_megabytes: Annotated[float, Field(ge=0.1, le=100_000)] = 64.0
    max_age_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    keep_seconds: Annotated[float, Field(ge=0, le=3600)] = 60.0


class Health(_Section):
    """How often the device reports how it feels."""

    interval_seconds: Annotated[float, Field(ge=1, le=86400)] = 60.0


class Logging(_Section):
    """What the log tells; it never holds a number about a person."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(_Section):
    """All settings. Each section and key is explained in ``config.yaml``."""

    deployment: Deployment = Deployment()
    camera: Camera = Camera()
    detector: Detector = Detector()
    classifier: Classifier = Classifier()
    window: Window = Window()
    pace: PaceSettings = PaceSettings()
    timetable: TimetableSettings = TimetableSettings()
    privacy: Privacy = Privacy()
    mqtt: Mqtt = Mqtt()
    outbox: OutboxSettings = OutboxSettings()
    health: Health = Health()
    logging: Logging = Logging()


def load(path: Path | str) -> Settings:
    """Reads and validates a configuration file.

    Raises:
        ConfigError: one sentence naming the file, the key, and the value.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: expected a readable configuration file, got: {error.strerror}; give another "
            "with --config"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8 text, got a byte that is none") from error
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2026-99-99 is no date
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where else ""
        raise ConfigError(
            f"{path}: expected YAML, got an error{line}: {_problem(error)}"
        ) from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected sections like 'camera:', got {type(content).__name__}")
    return validate(content, name=str(path))


def validate(content: dict[str, Any], *, name: str) -> Settings:
    """Validates the content of a configuration; `name` is what errors call it.

    Raises:
        ConfigError: one sentence naming the key and the value.
    """
    # An empty section ("mqtt:" with every key commented out) means its defaults.
    content = {key: {} if value is None else value for key, value in content.items()}
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "extra_forbidden":
            raise ConfigError(f"{name}: {_unknown_key(first['loc'])}") from error
        if first["type"] == "value_error":
            key = ".".join(map(str, first["loc"])) or "settings"
            raise ConfigError(f"{name}: {key}: {first['ctx']['error']}") from error
        raise ConfigError(f"{name}: {describe(error)}") from error


def _unknown_key(location: tuple[Any, ...]) -> str:
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        annotation = model.model_fields[str(part)].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation
    known = list(model.model_fields)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
    return f"{'.'.join(map(str, location))}: no such key; {hint}"


def _problem(error: Exception) -> str:
    return getattr(error, "problem", None) or str(error).splitlines()[0]
