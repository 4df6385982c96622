"""Three RabbitMQ nodes: one dies under load, its devices move, and nothing acknowledged is lost."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from deploy import logins
from deploy.fleet import check
from deploy.fleet.plan import SITE, Plan
from edge_agent.config import Mqtt
from edge_agent.mqtt_publisher import MqttPublisher
from edge_agent.outbox import Outbox
from tests.dashboard.conftest import running_dashboard
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true, debian_program, free_port

DEVICES = 30
RATE = 150
"""Windows a second of all devices together."""
BACK_WITHIN_SECONDS = 10
START_SECONDS = 180

pytestmark = [pytest.mark.rabbitmq, pytest.mark.long]


class RunningCluster:
    """`python -m deploy cluster` at work, with logins for the recorder and the plan's devices."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        debian_program("rabbitmq-server", package="rabbitmq-server")
        self.folder = folder
        folder.mkdir(exist_ok=True)
        names = [logins.RECORDER, *(f"{SITE}/{plan.device(i)}" for i in range(plan.devices))]
        (folder / "logins").write_text("".join(f"{name}:{_password(name)}\n" for name in names))
        port = free_port()
        self.ports = [port, port + 1, port + 2]
        self._log = folder / "terminal"
        with self._log.open("w") as terminal:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "deploy", "cluster", "--port", str(port)),
                    *("--folder", str(folder)),
                ],
                cwd=REPOSITORY,
                stdout=terminal,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        return self._log.read_text()

    def is_up(self, times: int = 1) -> bool:
        """Whether all nodes have come up, for the first or another time."""
        assert self.process.poll() is None, self.output()
        return self.output().count("All 3 nodes are up") >= times

    def kill(self, number: int) -> None:
        """Kills a node at once; the first is 1."""
        pids = re.findall(rf"node {number}: .* \(process (\d+)\)", self.output())
        os.kill(int(pids[-1]), signal.SIGKILL)

    def login(self, name: str) -> dict[str, str]:
        """The keys of the section ``mqtt`` with which a device logs in."""
        file = self.folder / f"{name.replace('/', '-')}.password"
        file.write_text(_password(name))
        return {"username": name, "password_file": str(file)}


def _password(name: str) -> str:
    return f"password-of-{name.replace('/', '-')}"


@contextmanager
def running_cluster(folder: Path, plan: Plan) -> Iterator[RunningCluster]:
    """Three nodes that are up, all ended with the block."""
    running = RunningCluster(folder, plan)
    try:
        await_true(running.is_up, patience=START_SECONDS)
        yield running
    finally:
        running.process.terminate()
        running.process.wait(PATIENCE_SECONDS)
    assert running.process.returncode == 0, running.output()


class Ledger(Outbox):
    """Remembers what the cluster has acknowledged, and sends none of that again."""

    def __init__(self) -> None:
        super().__init__(keep_seconds=0)
        self.acknowledged: set[int] = set()

    def acknowledge(self, position: int) -> None:
        super().acknowledge(position)
        # Positions count from 1, windows from 0.
        self.acknowledged.add(position - 1)


class Device:
    """One of the agent's own publishers, which knows all nodes."""

    def __init__(self, running: RunningCluster, plan: Plan, index: int) -> None:
        self.home = index % 3
        first, *others = running.ports[self.home :] + running.ports[: self.home]
        self.ledger = Ledger()
        self._plan, self._index, self.seq = plan, index, 0
        self._way = MqttPublisher(
            Mqtt(
                host="127.0.0.1",
                port=first,
                fallback=tuple(f"127.0.0.1:{port}" for port in others),
                **running.login(f"{SITE}/{plan.device(index)}"),
            ),
            site=SITE,
            device=plan.device(index),
            will=plan.status(index, lost=True),
            on_command=lambda _: None,
            outbox=self.ledger,
        )
        self._way.connect(plan.status(index), stopping=lambda: False)

    def end_window(self) -> None:
        self._way.counts(self._plan.window(self._index, self.seq))
        self.seq += 1

    def close(self) -> None:
        self._way.close(self._plan.status(self._index))


class Load:
    """Windows of all devices, in turn and at a steady rate, while somebody waits."""

    def __init__(self, devices: list[Device]) -> None:
        self._devices = devices
        self._number, self._began = 0, time.monotonic()

    def until(self, done: Callable[[], bool], *, patience: float = PATIENCE_SECONDS) -> float:
        """Goes on until a condition holds; returns after how many seconds."""
        began = time.monotonic()

        def holds() -> bool:
            due = int((time.monotonic() - self._began) * RATE)
            for number in range(self._number, due):
                self._devices[number % len(self._devices)].end_window()
            self._number = max(self._number, due)
            return done()

        await_true(holds, patience=patience)
        return time.monotonic() - began


def test_a_node_dies_under_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan.of_rate(DEVICES, RATE, 1)
    store = f"sqlite:///{tmp_path}/counts.db"
    with running_cluster(tmp_path / "cluster", plan) as running, contextlib.ExitStack() as stack:
        login = running.login(logins.RECORDER)
        recorder = stack.enter_context(
            running_dashboard(
                "record",
                *(f"--broker=mqtt://127.0.0.1:{port}" for port in running.ports),
                *("--store", store, "--username", login["username"]),
                *("--password-file", login["password_file"]),
            )
        )
        assert recorder.stdout is not None
        next(line for line in recorder.stdout if "Recording from" in line)
        devices = [Device(running, plan, index) for index in range(DEVICES)]
        load = Load(devices)
        load.until(lambda: all(len(device.ledger.acknowledged) > 20 for device in devices))

        def kill(number: int) -> float:
            """Returns after how many seconds every device had an answer to something new."""
            ended = [device.seq for device in devices]
            running.kill(number)
            return load.until(
                lambda: all(
                    max(device.ledger.acknowledged) >= seq
                    for device, seq in zip(devices, ended, strict=True)
                )
            )

        away = []
        # The last is the recorder's own, which goes on at another.
        for times, number in enumerate((2, 3, 1), start=2):
            away.append(kill(number))
            load.until(partial(running.is_up, times), patience=START_SECONDS)
        await_true(lambda: all(len(device.ledger) == 0 for device in devices))
        for device in devices:
            device.close()
        sent = sum(device.seq for device in devices)
        plan = replace(plan, windows=sent)
        check.await_all(store, plan)
        verdict = check.check(store, plan)
    with capsys.disabled():
        print(
            f"\n{DEVICES} devices, {sent} windows, three nodes killed in turn: all devices "
            f"answered again after {', '.join(f'{seconds:.1f} s' for seconds in away)}; {verdict}"
        )
    assert all(device.ledger.acknowledged == set(range(device.seq)) for device in devices)
    assert verdict == check.Verdict(kept=sent, lost=0, doubled=0, altered=0)
    assert max(away) < BACK_WITHIN_SECONDS


def test_strangers_stay_out_and_a_restart_keeps_what_waits(tmp_path: Path) -> None:
    plan = Plan.of_rate(2, 1, 1)
    mine, theirs = (f"classroom/v1/{SITE}/{plan.device(index)}/counts" for index in (0, 1))
    device = f"{SITE}/{plan.device(0)}"
    payload = plan.window(0, 0).to_json()

    def reader(number: int) -> Client:
        return Client(running.ports[number - 1], "reader", logins.RECORDER)

    def writer(number: int) -> Client:
        return Client(running.ports[number - 1], f"{SITE}:{plan.device(0)}", device)

    with running_cluster(tmp_path / "cluster", plan) as running:
        assert _addresses_listening(running.process) == {"127.0.0.1", "::1"}
        for name, password in (
            (None, None),
            ("guest", "guest"),
            (device, "wrong"),
            ("stranger", None),
        ):
            assert not Client(running.ports[0], "stranger", name, password).accepted, name

        with reader(1) as subscriber:
            assert subscriber.may_subscribe("classroom/v1/+/+/counts")
            assert not subscriber.may_publish(mine, payload)
        for topic in (theirs, f"{mine}/more", "classroom/v1/command"):
            with writer(2) as publisher:
                assert not publisher.may_publish(topic, payload), topic
        with writer(2) as publisher:
            # RabbitMQ drops what is too large, and never says so.
            publisher.publish(mine, b"x" * 5000)
        with writer(2) as publisher:
            assert publisher.may_subscribe(f"classroom/v1/{device}/command")
            assert publisher.may_publish(mine, payload)
        with writer(3) as publisher:
            assert not publisher.may_subscribe("classroom/v1/+/+/counts")
    with running_cluster(tmp_path / "cluster", plan) as running, reader(3) as subscriber:
        assert subscriber.await_message() == (mine, payload)
        assert len(subscriber.messages) == 1


def _addresses_listening(process: subprocess.Popen[bytes]) -> set[str]:
    children = psutil.Process(process.pid).children(recursive=True)
    return {
        connection.laddr.ip
        for child in children
        for connection in child.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


class Client:
    """A stranger or one of us, in a session that outlives the connection."""

    def __init__(
        self, port: int, client_id: str, name: str | None, password: str | None = None
    ) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._answers: list[int] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, clean_session=False)
        if name is not None:
            self._client.username_pw_set(name, _password(name) if password is None else password)
        self._client.on_connect = lambda *answer: self._answers.append(answer[3].value)
        self._client.on_publish = lambda *answer: self._answers.append(answer[2])
        self._client.on_subscribe = lambda *answer: self._answers.append(answer[2])
        self._client.on_message = lambda *answer: self.messages.append(
            (answer[2].topic, answer[2].payload)
        )
        self._client.connect("127.0.0.1", port)
        self.accepted = self._is_answered() and self._answers == [0]

    def __enter__(self) -> "Client":
        assert self.accepted, self._answers
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()

    def may_subscribe(self, topic: str) -> bool:
        self._answers.clear()
        self._client.subscribe(topic, qos=1)
        return self._is_answered()

    def may_publish(self, topic: str, payload: bytes) -> bool:
        self.publish(topic, payload)
        return self._is_answered()

    def publish(self, topic: str, payload: bytes) -> None:
        self._answers.clear()
        self._client.publish(topic, payload, qos=1)

    def await_message(self) -> tuple[str, bytes]:
        await_true(lambda: self._client.loop(0.05) == mqtt.MQTT_ERR_SUCCESS and self.messages)
        return self.messages[0]

    def _is_answered(self) -> bool:
        """Whether an answer came before the broker closed the connection."""
        await_true(lambda: self._client.loop(0.05) != mqtt.MQTT_ERR_SUCCESS or self._answers)
        return bool(self._answers)
