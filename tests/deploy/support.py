"""What the broker's tests share: the shipped configuration at work, a recorder, and clients."""

import contextlib
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from dashboard.store import Store
from deploy import mosquitto_files
from deploy.certificates import authority
from edge_agent.config import Mqtt
from edge_agent.mqtt_publisher import MqttPublisher
from tests.edge_agent.support import START, counts, status
from tests.support import (
    PATIENCE_SECONDS,
    REPOSITORY,
    await_port,
    await_true,
    debian_program,
    free_port,
)

SITE = "my-school"


class School:
    """An authority, and Mosquitto as `deploy/mosquitto/` configures it, on loopback ports.

    Args:
        folder: for its files.
        broker_name: the broker's name or address in its certificate, beside localhost.

    Attributes:
        certificates: the folder of the authority.
        authority: who signs.
        certificate_port, password_port: of the broker's two listeners.
    """

    def __init__(self, folder: Path, broker_name: str = "broker.example") -> None:
        self._program = debian_program("mosquitto")
        self.certificates, self._broker = folder / "certificates", folder / "broker"
        authority.create(self.certificates, [broker_name], days=30)
        self.authority = authority.Authority(self.certificates)
        self.certificate_port, self.password_port = free_port(), free_port()
        self._log = folder / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.install()

    def install(self) -> None:
        """Copies to the broker what it must have, as after a renewal or a revocation."""
        mosquitto_files.write(
            self._broker,
            self.certificates,
            certificate_port=self.certificate_port,
            password_port=self.password_port,
        )

    def allow_home_assistant(self) -> None:
        """Takes the # away as the access list says."""
        acl = self._broker / "acl"
        acl.write_text(acl.read_text().replace("#pattern", "pattern"))

    def add_password(self, name: str, password: str) -> None:
        passwords = [debian_program("mosquitto_passwd"), "-b", self._broker / "passwords"]
        subprocess.run([*passwords, name, password], check=True, capture_output=True)

    def files(self, name: str) -> Path:
        """The folder with the newest certificate of a name."""
        if not self.authority.certificates(name):
            self.authority.issue(name, days=30)
        return self.authority.newest(name)

    def login(self, name: str) -> dict[str, str]:
        """The keys of the section ``mqtt`` with which a device logs in."""
        return login(self.files(name))

    def context(self, name: str | None) -> ssl.SSLContext:
        """TLS with the certificate of a name, or without one."""
        context = ssl.create_default_context(cafile=self.files("_recorder") / "authority.pem")
        if name is not None:
            files = self.files(name)
            context.load_cert_chain(files / "certificate.pem", files / "key.pem")
        return context

    def log(self) -> str:
        return self._log.read_text()

    @property
    def running(self) -> bool:
        """Whether the broker was started and not stopped."""
        return self._process is not None

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._broker / "mosquitto.conf")], stderr=log
            )
        await_port(self.certificate_port, self._process)
        await_port(self.password_port, self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_SECONDS)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()


def login(files: Path) -> dict[str, str]:
    """The keys of the section ``mqtt`` for a folder of certificates."""
    return {
        "ca_file": str(files / "authority.pem"),
        "certificate_file": str(files / "certificate.pem"),
        "key_file": str(files / "key.pem"),
    }


@contextmanager
def running_school(folder: Path) -> Iterator[School]:
    """A school with its broker at work."""
    school = School(folder)
    try:
        school.start()
        yield school
    finally:
        school.stop()


def publisher(port: int, device: str = "room-101", **settings: Any) -> MqttPublisher:
    """A device's own way out."""
    return MqttPublisher(
        Mqtt.model_validate({"port": port, **settings}),
        site=SITE,
        device=device,
        will=status("offline", "connection_lost"),
        on_command=lambda _: None,
    )


class Device:
    """A device that publishes windows through the agent's own code, and goes on when asked.

    Attributes:
        sent: how many windows it has put.
    """

    def __init__(self, port: int, name: str = "room-101", **settings: Any) -> None:
        self.sent = 0
        self._name = name
        self._publisher = publisher(port, name, wait_for_broker=True, **settings)
        self._publisher.connect(status(), stopping=lambda: False)

    def put(self, number: int = 1) -> None:
        for _ in range(number):
            self._publisher.counts(counts(self.sent, device=self._name))
            self.sent += 1

    def await_delivered(self) -> None:
        await_true(lambda: self._publisher.outbox_depth == 0)

    def close(self) -> None:
        self._publisher.close(status("offline", "stopped"))


@contextmanager
def device(port: int, name: str = "room-101", **settings: Any) -> Iterator[Device]:
    """A device, closed at the end."""
    one = Device(port, name, **settings)
    try:
        yield one
    finally:
        one.close()


class Recording:
    """A real recorder, as a process, and what is in its store."""

    def __init__(self, folder: Path, school: School, *login: str) -> None:
        url = f"sqlite:///{folder}/counts.db"
        self.store = Store(url)
        self._log = folder / "recorder.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "dashboard", "record", "--store", url),
                    *("--keep-days", "36500", *login),
                ],
                cwd=REPOSITORY,
                stderr=log,
            )

    def await_ready(self) -> None:
        await_true(lambda: "Recording from" in self.log() or self._process.poll() is not None)
        assert self._process.poll() is None, self.log()

    def log(self) -> str:
        return self._log.read_text()

    def seqs(self, name: str = "room-101") -> list[int]:
        return [window.seq for window in self.store.windows(SITE, name, START)]

    def await_windows(self, number: int, name: str = "room-101") -> None:
        await_true(lambda: len(self.seqs(name)) >= number)
        assert self.seqs(name) == list(range(number))

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        self.store.close()


@contextmanager
def recording(folder: Path, school: School, *login: str) -> Iterator[Recording]:
    """A recorder that has subscribed; with its own certificate where no login is given."""
    if not login:
        files = school.files("_recorder")
        login = (
            *("--broker", f"mqtts://localhost:{school.certificate_port}"),
            *("--tls-ca", str(files / "authority.pem")),
            *("--tls-cert", str(files / "certificate.pem"), "--tls-key", str(files / "key.pem")),
        )
    recorder = Recording(folder, school, *login)
    try:
        recorder.await_ready()
        yield recorder
    finally:
        recorder.end()


class Client:
    """Any other client: it says what the broker's answer was, and keeps what it hears.

    Attributes:
        answer: to CONNECT; None where the connection ended before.
        messages: topic and payload, as they came.
    """

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext,
        *,
        client_id: str = "somebody",
        login: tuple[str, str] | None = None,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.answer: str | None = None
        self.messages: list[tuple[str, bytes]] = []
        self._settled, self._subscribed = threading.Event(), threading.Event()
        self.ended = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False
        )
        if login is not None:
            self._client.username_pw_set(*login)
        if will is not None:
            self._client.will_set(*will, qos=1, retain=True)
        self._client.tls_set_context(context)
        self._client.on_connect = self._handle_connect
        self._client.on_disconnect = self._handle_disconnect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _c, _u, message: self.messages.append(
            (message.topic, message.payload)
        )
        self._client.connect("localhost", port)
        self._client.loop_start()
        assert self._settled.wait(PATIENCE_SECONDS)

    def subscribe(self, topic: str) -> None:
        self._subscribed.clear()
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(PATIENCE_SECONDS)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes, and returns once the broker has answered or ended the connection."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)

        def answered() -> bool:
            try:
                return sent.is_published() or self.ended.is_set()
            except RuntimeError:  # ended while the message was being written
                return self.ended.is_set()

        await_true(answered)

    def publish_at_once(self, topic: str, payload: bytes) -> None:
        """Publishes without waiting for anything."""
        self._client.publish(topic, payload, qos=0)

    def vanish(self) -> None:
        """Ends without a farewell, so that the broker says its will."""
        self._client.loop_stop()
        if (connection := self._client.socket()) is not None:
            connection.close()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _handle_connect(self, *arguments: Any) -> None:
        self.answer = str(arguments[3])
        self._settled.set()

    def _handle_disconnect(self, *_: Any) -> None:
        self.ended.set()
        self._settled.set()


@contextmanager
def client(port: int, context: ssl.SSLContext, **options: Any) -> Iterator[Client]:
    """A client, closed at the end."""
    one = Client(port, context, **options)
    try:
        yield one
    finally:
        with contextlib.suppress(OSError):
            one.close()
