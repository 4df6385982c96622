"""The guard alone, before an application that answers everybody."""

import asyncio
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.types import Message, Receive, Scope, Send

from dashboard.login.attempts import Attempts
from dashboard.login.desk import Desk
from dashboard.login.guard import Guard


class Noting(Attempts):
    """Notes who tries, and lets nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str | None] = []

    def begin(self, account: str, address: str | None) -> float:
        self.addresses.append(address)
        return 60.0


async def _everybody(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a room"})


def _ask(guard: Guard, scope: Scope, body: bytes = b"") -> int:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return int(sent[0]["status"])


def _login(headers: dict[str, str]) -> tuple[Scope, bytes]:
    body = urlencode({"name": "anna", "password": "a wrong password"}).encode()
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/login",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("10.0.0.1", 40_000),
        "scheme": "http",
        "server": ("127.0.0.1", 8501),
    }
    return scope, body


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "address"),
    [
        (False, "192.0.2.7", "10.0.0.1"),
        (True, "192.0.2.7", "192.0.2.7"),
        (True, "127.0.0.1, 192.0.2.7", "192.0.2.7"),  # what somebody made up, and the proxy's
        (True, "", None),
    ],
)
def test_whose_tries_are_counted(
    tmp_path: Path, behind_proxy: bool, forwarded: str, address: str | None
) -> None:
    tries = Noting()
    desk = Desk(tmp_path / "accounts.json", attempts=tries)
    guard = Guard(
        _everybody, desk=desk, own_machine_only=False, secure=True, behind_proxy=behind_proxy
    )
    headers = {"host": "counts.school.example", "x-forwarded-for": forwarded}
    assert _ask(guard, *_login(headers)) == 429
    assert tries.addresses == [address]


def test_accounts_that_cannot_be_read_are_said_and_let_nobody_in(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.json"
    accounts.write_text("broken")
    accounts.chmod(0o600)
    guard = Guard(_everybody, desk=Desk(accounts), own_machine_only=False, secure=True)
    assert _ask(guard, *_login({"host": "counts.school.example"})) == 503
