"""The school's server in containers: its file is valid, and its proxy lets only logins through."""

import base64
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.store import Store
from deploy.certificates import authority
from tests.certificates import make_certificate
from tests.support import (
    PATIENCE_SECONDS,
    REPOSITORY,
    await_port,
    debian_program,
    free_port,
)

FOLDER = REPOSITORY / "deploy" / "compose"


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    """What docker compose makes of the file."""
    with_plugin = ["docker", "compose"]
    if (
        shutil.which("docker") is None
        or subprocess.run([*with_plugin, "version"], capture_output=True).returncode
    ):
        command = [debian_program("docker-compose", package="docker-compose")]
    else:
        command = with_plugin
    names = {"BROKER_NAME": "broker.example", "PAGE_NAME": "counts.example"}
    answer = subprocess.run(
        [*command, "-f", str(FOLDER / "docker-compose.yaml"), "config"],
        capture_output=True,
        text=True,
        env={**os.environ, **names},
    )
    assert answer.returncode == 0, answer.stderr
    content = yaml.safe_load(answer.stdout)
    assert isinstance(content, dict)
    return content


def test_only_the_proxy_and_mqtt_over_tls_are_published(composed: dict[str, Any]) -> None:
    published = {
        name: [str(port) if isinstance(port, str) else str(port["target"]) for port in ports]
        for name, service in composed["services"].items()
        if (ports := service.get("ports"))
    }
    assert set(published) == {"broker", "proxy"}
    assert [ports[0].rpartition(":")[2].partition("/")[0] for ports in published.values()] == [
        "8883",
        "8443",
    ]


def test_no_container_is_root_or_may_write_its_own_programs(composed: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["healthcheck"]["test"], name
        assert service.get("restart") == "unless-stopped", name
    for name in ("broker", "database", "proxy"):
        assert int(composed["services"][name]["user"].partition(":")[0]) > 0
    assert "USER 10001" in (FOLDER / "Dockerfile").read_text()


def test_no_secret_is_in_the_file_or_in_the_environment(composed: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            assert "PASSWORD" not in variable, (name, variable)
            assert not value or "BEGIN" not in value
    ignored = (REPOSITORY / ".gitignore").read_text()
    assert "/deploy/compose/secrets/" in ignored
    assert "/deploy/compose/.env" in ignored


def test_the_containers_get_what_they_need_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("prepare.sh gives files to other users, which only root may")
    folder = tmp_path / "deploy" / "compose"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("secrets", ".env"))
    shutil.copytree(REPOSITORY / "deploy" / "mosquitto", tmp_path / "deploy" / "mosquitto")
    certificates = tmp_path / "certificates"
    authority.create(certificates, ["broker.example"], days=30)
    refused = subprocess.run(
        ["sh", str(folder / "prepare.sh"), str(certificates)], capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "expected _recorder with its key" in refused.stderr
    authority.Authority(certificates).issue("_recorder", days=30)
    for _ in range(2):
        subprocess.run(["sh", str(folder / "prepare.sh"), str(certificates)], check=True)
    secrets = folder / "secrets"
    owners = {"broker": 1883, "recorder": 10001}
    for name, owner in owners.items():
        for file in (secrets / name).iterdir():
            assert file.stat().st_uid == owner, file
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    assert (secrets / "page-logins").read_text().startswith("nobody $2a$14$")
    configuration = (secrets / "broker" / "mosquitto.conf").read_text()
    assert "persistence_location /mosquitto/data/\n" in configuration


class Proxy:
    """Caddy with our file, before the real page.

    Attributes:
        port: where it serves HTTPS.
        certificate: that it shows.
    """

    def __init__(self, port: int, certificate: Path) -> None:
        self.port = port
        self._tls = ssl.create_default_context(cafile=certificate)

    def ask(self, path: str, *headers: str) -> str:
        """The first line of its answer."""
        with (
            socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as plain,
            self._tls.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            lines = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers, "", "")
            connection.sendall("\r\n".join(lines).encode())
            return connection.recv(4096).decode(errors="replace").splitlines()[0]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    caddy = debian_program("caddy", package="caddy")
    certificate = make_certificate(tmp_path / "tls", "page")
    hashed = subprocess.run(
        [caddy, "hash-password", "--plaintext", "secret"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (tmp_path / "logins").write_text(f"teacher {hashed}\n")
    url = f"sqlite:///{tmp_path}/counts.db"
    Store(url).close()
    port, page_port = free_port(), free_port()
    environment = {
        **os.environ,
        "PAGE_NAME": "https://127.0.0.1",
        "PAGE_TLS": f"{certificate.certificate_file} {certificate.key_file}",
        "PAGE_LOGINS": str(tmp_path / "logins"),
        "PAGE_PORT": str(page_port),
        "HTTPS_PORT": str(port),
        "HTTP_PORT": str(free_port()),
        "HEALTH_PORT": str(free_port()),
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    with (tmp_path / "log").open("w") as log:
        page = subprocess.Popen(
            [
                *(sys.executable, "-m", "dashboard", "show"),
                *("--store", url, "--port", str(page_port)),
            ],
            cwd=REPOSITORY,
            stdout=log,
            stderr=log,
        )
        server = subprocess.Popen(
            [caddy, "run", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            await_port(page_port, page)
            await_port(port, server)
            yield Proxy(port, certificate.certificate_file)
        finally:
            for process in (server, page):
                process.terminate()
                process.wait(PATIENCE_SECONDS)


def test_the_page_is_for_those_who_log_in_and_its_websocket_passes(proxy: Proxy) -> None:
    assert "401" in proxy.ask("/")
    assert "401" in proxy.ask("/", login("teacher", "wrong"))
    assert "200" in proxy.ask("/", login("teacher", "secret"))
    upgrade = (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Origin: https://127.0.0.1:{proxy.port}",
    )
    assert "401" in proxy.ask("/_stcore/stream", *upgrade)
    assert "101" in proxy.ask("/_stcore/stream", *upgrade, login("teacher", "secret"))


def login(name: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"
