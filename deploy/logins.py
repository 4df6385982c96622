"""The cluster's logins: read from a file, and what each may do in RabbitMQ's own form."""

import base64
import hashlib
import re
import secrets
from pathlib import Path
from typing import Any, Final

from deploy.certificates import private_files
from edge_agent.messages import MESSAGES, ROOT, Topic, parse_topic

RECORDER: Final = "recorder"
_FIRST: Final = (RECORDER, "my-school/room-101")
_EXCHANGE: Final = "amq.topic"


class LoginsError(ValueError):
    """A file of logins that cannot be used; one sentence says what to change."""


def read(path: Path) -> dict[str, str]:
    """Reads ``name:password`` lines; the file is made, with two logins, where it is missing.

    Returns:
        Passwords by name: ``recorder``, or ``site/device``.

    Raises:
        LoginsError: for a file or a line that cannot be used.
    """
    try:
        if not path.exists():
            lines = "".join(f"{name}:{secrets.token_urlsafe(24)}\n" for name in _FIRST)
            private_files.write(path, lines.encode())
        words = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise LoginsError(f"expected logins in {path}, got: {error}") from error
    logins = {}
    for number, word in enumerate(words, start=1):
        name, _, password = word.partition(":")
        if not password:
            raise LoginsError(f"{path}: expected name:password, got none in login {number}")
        if name != RECORDER:
            _check(name, path)
        logins[name] = password
    return logins


def definitions(logins: dict[str, str]) -> dict[str, Any]:
    """What RabbitMQ imports at its start: the logins, and the topics each may use.

    A device writes only its own topics and reads only its own ``command``; the recorder reads
    every room and writes nothing.
    """
    return {
        "vhosts": [{"name": "/"}],
        "users": [
            {
                "name": name,
                "password_hash": _hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": [],
            }
            for name, password in logins.items()
        ],
        "permissions": [{"user": name, "vhost": "/", **_queues(name)} for name in logins],
        "topic_permissions": [
            {"user": name, "vhost": "/", "exchange": _EXCHANGE, **_topics(name)} for name in logins
        ],
        # A device's clean session has a queue on its node alone. Without a mirror, RabbitMQ
        # refuses the same device on every other node while that one is down.
        "policies": [
            {
                "name": "sessions",
                "vhost": "/",
                "pattern": "^mqtt-subscription-",
                "apply-to": "queues",
                "definition": {"ha-mode": "exactly", "ha-params": 2},
            }
        ],
    }


def _queues(name: str) -> dict[str, str]:
    # A session's queue is named after its client id: nobody may open another's.
    client_id = ".*" if name == RECORDER else re.escape(name.replace("/", ":"))
    queues = f"^mqtt-subscription-{client_id}qos[01]$"
    both = f"{queues}|^{re.escape(_EXCHANGE)}$"
    return {"configure": queues, "write": both, "read": both}


def _topics(name: str) -> dict[str, str]:
    said = "|".join(kind for kind in MESSAGES if kind != "command")
    # Inside, RabbitMQ writes a topic with dots, and + as *.
    root = re.escape(ROOT.replace("/", "."))
    if name == RECORDER:
        return {"write": "^$", "read": rf"^{root}\.\*\.\*\.({said})$"}
    room = rf"{root}\.{re.escape(name.replace('/', '.'))}"
    return {"write": rf"^{room}\.({said})$", "read": rf"^{room}\.command$"}


def _check(name: str, path: Path) -> None:
    site, _, device = name.partition("/")
    try:
        parse_topic(str(Topic(site, device, "status")))
    except ValueError as error:
        raise LoginsError(
            f"{path}: expected the login {RECORDER!r} or site/device, got {name[:100]!r}"
        ) from error


def _hash(password: str) -> str:
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
