"""The publisher's side of updates: its keys, its stages, and what it refuses."""

import stat
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata

from deploy.__main__ import main
from deploy.updates.errors import UpdateError
from deploy.updates.publisher.keys import KeyFolder
from deploy.updates.publisher.repository import Repository
from deploy.updates.release import Release, place_in_fleet
from tests.deploy.updates import Publisher, make_wheel, platform


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    publisher = Publisher(tmp_path_factory.mktemp("publisher") / "first")
    publisher.publish("0.2.0", "--share", "10")
    return publisher


@pytest.fixture
def publisher(tmp_path: Path, published: Publisher) -> Publisher:
    return published.copy(tmp_path / "publisher")


def test_a_wider_stage_has_all_rooms_of_the_narrower(publisher: Publisher) -> None:
    rooms = [f"room-{number}" for number in range(1000)]
    reached: set[str] = set()
    for share in (0, 1, 10, 50, 100):
        publisher.run("stage", "0.2.0", "--share", str(share))
        (release,) = Repository(publisher.repository).releases()
        now = {room for room in rooms if release.is_for("my-school", room)}
        assert reached <= now
        assert abs(len(now) - 10 * share) < 50
        reached = now
    assert len(reached) == 1000


def test_a_device_s_place_is_the_same_in_every_version() -> None:
    # A change of it would send every release to other rooms first.
    assert round(place_in_fleet("my-school", "room-101"), 3) == 87.582


def test_pilots_are_reached_whatever_the_share(publisher: Publisher) -> None:
    publisher.run("stage", "0.2.0", "--share", "0", "--pilot", "my-school/room-7")
    (release,) = Repository(publisher.repository).releases()
    assert release.is_for("my-school", "room-7")
    assert not release.is_for("my-school", "room-8")


def test_keys_are_readable_by_their_owner_alone(publisher: Publisher) -> None:
    keys = [*publisher.folder.glob("keys/*.pem"), *publisher.folder.glob("root-keys/*.pem")]
    assert len(keys) == 5
    for file in keys:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((publisher.folder / "root-keys").stat().st_mode) == 0o700


def test_an_encrypted_key_needs_its_passphrase(tmp_path: Path) -> None:
    KeyFolder(tmp_path, b"secret").make("targets")
    assert KeyFolder(tmp_path, b"secret").read("targets")
    for wrong in (None, b"other"):
        with pytest.raises(UpdateError, match="expected a key and its passphrase"):
            KeyFolder(tmp_path, wrong).read("targets")


@pytest.mark.parametrize("where", ["repository/keys", "checkout/keys"])
def test_keys_are_kept_apart_from_what_others_see(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    (tmp_path / "checkout" / ".git").mkdir(parents=True)
    words = ("--repository", str(tmp_path / "repository"), "--keys", str(tmp_path / where))
    assert main(["updates", "init", *words, "--root-keys", str(tmp_path / "root")]) == 2
    assert "expected keys outside of" in capsys.readouterr().err
    assert not (tmp_path / "root").exists()


def test_two_of_three_root_keys_must_sign(tmp_path: Path) -> None:
    words = ("--repository", str(tmp_path / "repository"), "--keys", str(tmp_path / "keys"))
    words += ("--root-keys", str(tmp_path / "root"))
    assert main(["updates", "init", *words, "--root-number", "3", "--root-threshold", "2"]) == 0
    root = Metadata.from_file(str(tmp_path / "repository" / "metadata" / "1.root.json"))
    assert root.signed.roles["root"].threshold == 2
    assert len(root.signatures) == 3


def test_a_version_is_published_once(
    publisher: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = publisher.folder / "older"
    make_wheel(folder, "0.1.9")
    assert publisher.try_run("publish", "--wheels", str(folder), *platform()) == 2
    assert "0.1.9: expected a version above 0.2.0" in capsys.readouterr().err


def test_wheels_for_another_machine_are_refused_before_anything_is_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publisher = Publisher(tmp_path / "publisher")
    folder = tmp_path / "wheels"
    make_wheel(folder, "0.2.0", tag="cp39-cp39-manylinux_2_17_s390x")
    assert publisher.try_run("publish", "--wheels", str(folder), *platform()) == 2
    assert "expected every wheel that" in capsys.readouterr().err
    assert Repository(publisher.repository).releases() == []


def test_what_is_withdrawn_is_gone_with_its_wheels(publisher: Publisher) -> None:
    publisher.run("withdraw", "0.2.0")
    repository = Repository(publisher.repository)
    assert repository.releases() == []
    assert repository.names() == []
    assert list((publisher.repository / "targets").glob("*/*")) == []


def test_a_refresh_needs_neither_the_root_s_nor_the_releases_keys(publisher: Publisher) -> None:
    before = Repository(publisher.repository).expiries()
    for file in (*publisher.folder.glob("keys/targets-*"), *publisher.folder.glob("root-keys/*")):
        file.unlink()
    publisher.run("refresh", "--days", "60")
    after = Repository(publisher.repository).expiries()
    assert after["timestamp"] > before["timestamp"]
    assert after["targets"] == before["targets"]


def test_a_key_that_the_root_does_not_know_signs_nothing(
    publisher: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in publisher.folder.glob("keys/targets-*"):
        file.unlink()
    KeyFolder(publisher.folder / "keys", None).make("targets")
    assert publisher.try_run("stage", "0.2.0", "--share", "50") == 2
    assert "expected 1 keys that the root knows" in capsys.readouterr().err
    (release,) = Repository(publisher.repository).releases()
    assert release.percent == 10


def test_the_list_says_what_is_offered_and_until_when(
    publisher: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    publisher.run("list", "--pilot", "my-school/room-101")
    said = capsys.readouterr().out
    assert "0.2.0" in said and "10 % of all devices" in said
    assert "timestamp valid until" in said
    assert "my-school/room-101 is reached at --share" in said


def test_a_release_s_version_is_one_that_python_writes() -> None:
    content = {"architecture": "aarch64", "python": "3.11", "installed_bytes": 1}
    assert Release.model_validate({**content, "version": "0.3.0"}).number.release == (0, 3, 0)
    for wrong in ("0.3.0+local", "v0.3", "03.1", "../0.3"):
        with pytest.raises(ValueError):
            Release.model_validate({**content, "version": wrong})
