"""A school's own authority: what it makes, what OpenSSL says of it, and what it refuses."""

import re
import shutil
import stat
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from deploy.__main__ import main
from deploy.certificates.authority import Authority

ROOM = "my-school/room-101"
WORLD = stat.S_IRWXG | stat.S_IRWXO


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands work in a folder of their own, without a passphrase in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CERTIFICATES_PASSPHRASE", raising=False)
    return tmp_path


@pytest.fixture
def made(folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """An authority's folder."""
    assert certificates("create", "--broker-name", "broker.example") == 0
    capsys.readouterr()
    return folder / "certificates"


def certificates(*arguments: str) -> int:
    return main(["certificates", *arguments])


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    return done.stdout + done.stderr


def verify(made: Path, certificate: Path, purpose: str) -> str:
    own = made / "_authority"
    return openssl(
        *("verify", "-x509_strict", "-purpose", purpose, "-crl_check"),
        *("-CAfile", own / "certificate.pem", "-CRLfile", own / "revoked.pem", certificate),
    )


def table(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """Name and state of each line of the list, without what is new every time."""
    capsys.readouterr()
    assert certificates("list") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "serial", "valid", "until", "state"]
    rows = [re.fullmatch(r"(\S+) +[0-9a-f]{16} +\d{4}-\d\d-\d\d +(.+)", line) for line in lines]
    return [(row[1], row[2]) for row in rows if row is not None]


def test_what_is_made_is_private_and_good_for_its_purpose(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert certificates("issue", ROOM, "my-school", "_recorder") == 0
    said = capsys.readouterr().out
    for name, purpose, other in (
        ("_broker", "sslserver", "sslclient"),
        ("my-school_room-101", "sslclient", "sslserver"),
        ("my-school", "sslclient", "sslserver"),
        ("_recorder", "sslclient", "sslserver"),
    ):
        files = made / name / "1"
        assert {file.name for file in files.iterdir()} == {
            "authority.pem",
            "certificate.pem",
            "key.pem",
        }
        if name != "_broker":
            assert str(Path("certificates", name, "1", "key.pem")) in said
        assert verify(made, files / "certificate.pem", purpose).endswith(": OK\n")
        assert "unsuitable certificate purpose" in verify(made, files / "certificate.pem", other)
    text = openssl("x509", "-noout", "-text", "-in", made / "_broker/1/certificate.pem")
    assert "DNS:broker.example, DNS:localhost, IP Address:127.0.0.1" in text
    for file in (made, *made.rglob("*")):
        assert file.stat().st_mode & WORLD == 0, file
        assert not file.name.startswith((".", "tmp")), file


def test_the_list_tells_what_is_valid_and_what_is_revoked(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificates("issue", ROOM, "_recorder")
    certificates("renew", ROOM)
    advice = re.search(rf"revoke {ROOM} --serial (\w+) --folder (\S+)", capsys.readouterr().out)
    assert advice is not None
    assert table(capsys) == [
        ("_broker", "valid"),
        ("_recorder", "valid"),
        (ROOM, "valid"),
        (ROOM, "valid"),
    ]
    assert certificates("revoke", ROOM, "--serial", advice[1], "--folder", advice[2]) == 0
    today = f"revoked {datetime.now(timezone.utc):%Y-%m-%d}"
    assert sorted(table(capsys))[-2:] == [(ROOM, today), (ROOM, "valid")]
    assert certificates("revoke", ROOM) == 0
    assert table(capsys)[-2:] == [(ROOM, today), (ROOM, today)]
    for number in ("1", "2"):
        said = verify(made, made / "my-school_room-101" / number / "certificate.pem", "sslclient")
        assert "certificate revoked" in said
    # It may have a new one.
    assert certificates("issue", ROOM) == 0
    assert table(capsys)[-1] == (ROOM, "valid")


def test_a_renewed_certificate_has_a_key_of_its_own_and_the_names_of_the_old(made: Path) -> None:
    certificates("renew", "_broker", "--days", "10")
    old, new = (made / "_broker" / number for number in ("1", "2"))
    assert (old / "key.pem").read_bytes() != (new / "key.pem").read_bytes()
    names = [
        openssl("x509", "-noout", "-ext", "subjectAltName", "-in", one / "certificate.pem")
        for one in (old, new)
    ]
    assert names[0] == names[1]
    for one in (old, new):
        assert verify(made, one / "certificate.pem", "sslserver").endswith(": OK\n")
    left = Authority(made).certificates("_broker")[0].valid_until - datetime.now(timezone.utc)
    assert timedelta(days=9) < left <= timedelta(days=730)


def test_nothing_outlives_the_authority_and_its_list_lasts_as_long(made: Path) -> None:
    certificates("issue", ROOM, "--days", "3650")
    own = made / "_authority"
    (room,) = Authority(made).certificates(ROOM)
    end = openssl("x509", "-noout", "-enddate", "-in", own / "certificate.pem")
    assert f"{room.valid_until:%b} {room.valid_until.day:2d}" in end
    next_update = openssl("crl", "-noout", "-nextupdate", "-in", own / "revoked.pem")
    assert next_update.partition("=")[2] == end.partition("=")[2]


@pytest.mark.parametrize("source", ["file", "environment"])
def test_the_authoritys_key_may_have_a_passphrase(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    words = "four words are enough"
    (folder / "words").write_text(f"{words}\n")
    (folder / "wrong").write_text("three words aren't\n")
    given = ["--passphrase-file", "words"] if source == "file" else []
    if source == "environment":
        monkeypatch.setenv("CERTIFICATES_PASSPHRASE", words)
    assert certificates("create", "--broker-name", "broker.example", *given) == 0
    assert "ENCRYPTED" in Path("certificates/_authority/key.pem").read_text()
    assert certificates("issue", ROOM, *given) == 0
    assert "ENCRYPTED" not in Path("certificates/my-school_room-101/1/key.pem").read_text()
    monkeypatch.delenv("CERTIFICATES_PASSPHRASE", raising=False)
    assert certificates("list") == 0
    capsys.readouterr()
    for wrong in ([], ["--passphrase-file", "wrong"]):
        assert certificates("revoke", ROOM, *wrong) == 2
        said = capsys.readouterr().err
        assert "expected a key and its passphrase" in said
        assert words not in said and "aren't" not in said
    assert table(capsys)[-1] == (ROOM, "valid")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", "--broker-name", "x"], "expected no authority yet, found one"),
        (["create", "--broker-name", "a b", "--folder", "new"], "expected a DNS name or an IP"),
        (["create", "--folder", "new"], "give it with --broker-name"),
        (["create", "x", "--folder", "new"], "expected no name, got 1"),
        (["list", "--folder", "new"], "expected a folder with an authority, found none"),
        (["list", "x"], "expected no name, got 1"),
        (["issue"], "expected at least one name, got 0"),
        (["issue", "My School"], "expected SITE/DEVICE, SITE or _SERVICE"),
        (["issue", "a/b/c"], "expected SITE/DEVICE, SITE or _SERVICE"),
        (["issue", "a/+"], "got 'a/+'"),
        (["issue", "../a"], "got '../a'"),
        (["issue", "_a/b"], "got '_a/b'"),
        (["issue", "_broker"], "expected a device, dashboard or service, got _broker"),
        (["issue", "_authority"], "expected a device, dashboard or service, got _authority"),
        (["issue", f"{'a' * 40}/{'b' * 40}"], "at most 64 letters in a certificate's name, got 81"),
        (["issue", "known/one"], "make another with the action renew"),
        (["renew", "unknown/one"], "unknown/one: expected a name that has a certificate"),
        (["revoke", "unknown/one"], "unknown/one: expected a name that has a certificate"),
        (["revoke", "known/one", "--serial", "12"], "got 12"),
        (["revoke", "_broker"], "needs a new authority"),
        (["issue", "a/b", "--passphrase-file", "no-file"], "no-file: expected a readable file"),
        (["issue", "a/b", "--passphrase-file", "empty"], "expected a passphrase in its first line"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_changes_nothing(
    made: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    Path("empty").touch()
    certificates("issue", "known/one")
    before = contents(made)
    capsys.readouterr()
    assert certificates(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith("certificates: ") and words in said.err
    assert contents(made) == before
    assert not Path("new").exists()


@pytest.mark.parametrize("file", ["certificate.pem", "key.pem", "revoked.pem"])
@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_a_damaged_file_is_named(
    made: Path, capsys: pytest.CaptureFixture[str], file: str, damage: str
) -> None:
    path = made / "_authority" / file
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        path.unlink()
    assert certificates("issue", ROOM) == 2
    assert f"_authority/{file}: expected" in capsys.readouterr().err


def test_a_folder_in_use_is_not_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "certificates").mkdir()
    (folder / "certificates" / "thesis.txt").write_text("mine")
    assert certificates("create", "--broker-name", "broker.example") == 2
    assert "expected a new or empty folder" in capsys.readouterr().err
    assert [path.name for path in folder.rglob("*")] == ["certificates", "thesis.txt"]


def test_a_key_is_never_overwritten_even_if_copies_were_deleted(made: Path) -> None:
    certificates("issue", ROOM)
    keys = made / "my-school_room-101"
    (keys / "1" / "key.pem").rename(keys / "1" / "key.kept")
    certificates("renew", ROOM)
    assert (keys / "1" / "key.kept").exists()
    shutil.rmtree(keys)
    certificates("renew", ROOM)
    assert [path.name for path in keys.iterdir()] == ["3"]
    # What was issued can be revoked without the files.
    assert [
        one.state(datetime.now(timezone.utc)) for one in Authority(made).certificates(ROOM)
    ] == ["valid"] * 3


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def test_the_program_works_without_the_servers_libraries_until_it_needs_them() -> None:
    """`make run` installs no cryptography."""
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import sys; sys.modules['cryptography'] = None; "
            "from deploy.__main__ import parser; parser()",
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
