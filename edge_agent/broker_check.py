"""Tests that each broker can be reached, trusts this device, and is trusted by it."""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.config import Settings
from edge_agent.errors import ConfigError
from edge_agent.finding import Finding
from edge_agent.tls import (
    alert_problem,
    certificate_name,
    handshake_problem,
    read_file,
    tls_context,
)

_PATIENCE_SECONDS: Final = 5.0
_STEP_SECONDS: Final = 0.1
_ALERT_SECONDS: Final = 0.2


def check_broker(settings: Settings, *, running: bool) -> Iterator[Finding]:
    """Tries the brokers in turn.

    Logging in by a device's name would throw its running agent off the broker, so then only the
    way there and TLS are tested.
    """
    try:
        context = tls_context(settings.mqtt)
        password = settings.mqtt.password_file and read_file(settings.mqtt.password_file)
    except ConfigError as error:
        yield Finding("broker", "failed", str(error))
        return
    for host, port in settings.mqtt.addresses():
        if running:
            problem = _reach(host, port, context)
            accepted = "can be reached; no login was tried, because the running agent has it"
        else:
            problem = _LogIn(settings, context, password).try_at(host, port)
            accepted = "accepts this device"
        yield _judge(f"{host}:{port}", accepted, problem, settings)


def _judge(where: str, accepted: str, problem: str | None, settings: Settings) -> Finding:
    if problem is not None:
        return Finding("broker", "failed", f"{where}: expected an MQTT broker, got: {problem}")
    own = f"{settings.deployment.site}/{settings.deployment.device}"
    name = settings.mqtt.username
    if settings.mqtt.certificate_file is not None:
        name = certificate_name(settings.mqtt.certificate_file)
    if name is not None and name != own:
        return Finding(
            "broker",
            "warning",
            f"{where} {accepted}, but it logs in as {name!r} and is {own}: a broker that goes by "
            "names drops all that it sends; correct deployment.site and deployment.device, or the "
            "login",
        )
    return Finding("broker", "ok", f"{where} {accepted}")


def _reach(host: str, port: int, context: ssl.SSLContext | None) -> str | None:
    try:
        with socket.create_connection((host, port), _PATIENCE_SECONDS) as connection:
            if context is not None:
                with context.wrap_socket(connection, server_hostname=host):
                    pass
    except ssl.SSLError as error:
        return handshake_problem(error)
    except OSError as error:
        return error.strerror or str(error)
    return None


class _LogIn:
    """One visit to a broker: no will, no message, and no session that stays."""

    def __init__(
        self, settings: Settings, context: ssl.SSLContext | None, password: str | None
    ) -> None:
        # Brokers may bind a login to this very name, so it cannot be another than the agent's.
        name = f"{settings.deployment.site}:{settings.deployment.device}"
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311
        )
        self._client.connect_timeout = _PATIENCE_SECONDS
        if settings.mqtt.username is not None:
            first_line = (password or "").partition("\n")[0].rstrip("\r")
            self._client.username_pw_set(settings.mqtt.username, first_line)
        if context is not None:
            self._client.tls_set_context(context)
        self._client.on_connect = self._handle_connect
        self._client.on_log = self._handle_log
        self._client.on_socket_close = self._handle_socket_close
        self._answered = False
        self._problem: str | None = None

    def try_at(self, host: str, port: int) -> str | None:
        """Why the broker cannot be used; None when it accepts this device."""
        try:
            self._client.connect(host, port)
            until = time.monotonic() + _PATIENCE_SECONDS
            while not self._answered and time.monotonic() < until:
                if self._client.loop(_STEP_SECONDS) != mqtt.MQTT_ERR_SUCCESS:
                    return self._problem or "it closed the connection"
        except ssl.SSLError as error:
            return handshake_problem(error)
        except (OSError, ValueError) as error:
            return getattr(error, "strerror", None) or str(error)
        except Exception as error:
            # What only looks like a broker can make paho stumble anywhere.
            return f"an answer that is not MQTT ({type(error).__name__})"
        finally:
            self._client.disconnect()
        return self._problem if self._answered else "no answer"

    def _handle_connect(
        self, client: mqtt.Client, userdata: Any, flags: Any, code: Any, properties: Any
    ) -> None:
        self._answered = True
        if code.is_failure:
            self._problem = f"it refuses this device ({code}): check the login in the section mqtt"

    def _handle_log(self, client: mqtt.Client, userdata: Any, level: int, text: str) -> None:
        # Only here does paho tell of an alert that comes after the handshake, as in TLS 1.3.
        if level == mqtt.MQTT_LOG_ERR:
            self._problem = alert_problem(text) or self._problem

    def _handle_socket_close(self, client: mqtt.Client, userdata: Any, connection: Any) -> None:
        # A broker that refuses a certificate closes at once: our login then fails before its
        # alert is read.
        if self._answered or not isinstance(connection, ssl.SSLSocket):
            return
        try:
            connection.settimeout(_ALERT_SECONDS)
            connection.recv(1)
        except OSError as error:
            self._problem = alert_problem(str(error)) or self._problem
