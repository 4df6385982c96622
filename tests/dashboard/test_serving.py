"""Nobody beyond this machine sees a page without a login and TLS."""

import ssl
from pathlib import Path

import pytest

from dashboard.__main__ import main
from dashboard.serving import Serving, ServingError

CERTIFICATE = Path(ssl.__file__)  # any file


@pytest.mark.parametrize(
    ("serving", "says"),
    [
        (Serving("0.0.0.0"), "expected a login before anybody beyond this machine may look"),
        (Serving("::"), "expected a login"),
        (Serving("192.0.2.1", certificate=CERTIFICATE, key=CERTIFICATE), "expected a login"),
        (Serving(behind_proxy=True), "expected a login"),
        (Serving("0.0.0.0", login=True), "expected TLS to serve on 0.0.0.0"),
        (Serving("school.example", login=True), "expected an IP address"),
        (Serving(certificate=CERTIFICATE), "expected --https-cert and --https-key together"),
        (Serving(certificate=Path("/no"), key=CERTIFICATE), "expected a file in --https-cert"),
        (Serving(port=0), "expected --port from 1 to 65535"),
    ],
)
def test_what_would_show_too_much_is_refused(serving: Serving, says: str) -> None:
    with pytest.raises(ServingError) as refused:
        serving.check()
    assert says in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "serving",
    [
        Serving(),
        Serving("::1"),
        Serving(login=True),
        Serving("0.0.0.0", login=True, behind_proxy=True),
        Serving("0.0.0.0", login=True, certificate=CERTIFICATE, key=CERTIFICATE),
    ],
)
def test_what_is_safe_is_served_without_usage_statistics(serving: Serving) -> None:
    serving.check()
    flags = serving.flags(None)
    assert f"--server.address={serving.address}" in flags
    assert "--browser.gatherUsageStats=false" in flags


def test_show_refuses_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    accounts = ["--accounts", str(tmp_path / "none.json")]
    assert main(["show", "--address", "0.0.0.0", *accounts]) == 2
    said = capsys.readouterr().err
    assert "expected a login" in said and said.count("\n") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        ("", 0o600, "expected a part [auth]"),
        ("[auth]\n", 0o644, "expected a file that only its owner may read, got mode 0644"),
        (None, 0o600, "expected secrets in"),
    ],
)
def test_secrets_that_cannot_be_used_are_one_sentence(
    tmp_path: Path,
    content: str | None,
    mode: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    secrets = tmp_path / "secrets.toml"
    if content is not None:
        secrets.write_text(content)
        secrets.chmod(mode)
    assert main(["show", "--oidc-secrets", str(secrets)]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
