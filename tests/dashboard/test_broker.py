"""Where a broker may be, and what is refused before anything is sent."""

from pathlib import Path

import pytest

from dashboard.broker import BrokerError, read_broker


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://127.0.0.1", "mqtt://127.0.0.1:1883"),
        ("mqtt://localhost:1884/", "mqtt://localhost:1884"),
        ("mqtt://[::1]:1884", "mqtt://::1:1884"),
        ("mqtts://broker.example", "mqtts://broker.example:8883"),
        ("mqtts://broker.example:443", "mqtts://broker.example:443"),
    ],
)
def test_a_broker_is_read_from_its_url(url: str, shown: str) -> None:
    assert str(read_broker(url)) == shown


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mqtt://broker.example", "expected TLS to reach broker.example"),
        ("mqtt://192.168.1.5:1883", "use mqtts://"),
        ("http://127.0.0.1", "got 'http://127.0.0.1'"),
        ("127.0.0.1:1883", "expected a broker such as"),
        ("mqtt://", "expected a broker such as"),
        ("mqtt://127.0.0.1:99999", "Port out of range"),
        ("mqtt://127.0.0.1:0", "expected a broker such as"),
        ("mqtt://127.0.0.1:1883/topic", "expected a broker such as"),
        ("mqtt://me:secret@127.0.0.1", "use --username and --password-file"),
    ],
)
def test_an_unusable_broker_is_refused(url: str, words: str) -> None:
    with pytest.raises(BrokerError, match=words) as caught:
        read_broker(url)
    assert "secret" not in str(caught.value)


def test_certificates_that_are_none_are_refused(tmp_path: Path) -> None:
    url = "mqtts://broker.example"
    with pytest.raises(BrokerError, match="expected certificates in PEM"):
        read_broker(url, tls_ca=tmp_path / "missing.pem")
    with pytest.raises(BrokerError, match="expected certificates in PEM"):
        read_broker(url, tls_ca=Path(__file__))


def test_a_certificate_of_our_own_needs_tls_and_its_key(tmp_path: Path) -> None:
    files = {"tls_cert": tmp_path / "missing.pem", "tls_key": tmp_path / "missing.key"}
    with pytest.raises(BrokerError, match="expected a certificate and its key in PEM"):
        read_broker("mqtts://broker.example", **files)
    with pytest.raises(BrokerError, match="expected TLS with --tls-cert"):
        read_broker("mqtt://127.0.0.1", **files)
    with pytest.raises(BrokerError, match="expected --tls-cert with --tls-key"):
        read_broker("mqtts://broker.example", tls_key=files["tls_key"])


def test_the_password_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, file = "mqtt://127.0.0.1", tmp_path / "password"
    monkeypatch.setenv("MQTT_PASSWORD", "from the environment")
    file.write_text("from a file\n")
    assert read_broker(url, username="me").password == "from the environment"
    assert read_broker(url, username="me", password_file=file).password == "from a file"
    assert read_broker(url).password is None
    with pytest.raises(BrokerError, match="expected --username"):
        read_broker(url, password_file=file)
    with pytest.raises(BrokerError, match="expected a password in --password-file"):
        read_broker(url, username="me", password_file=tmp_path / "missing")


def test_a_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", "secret")
    assert "secret" not in repr(read_broker("mqtt://127.0.0.1", username="me"))
