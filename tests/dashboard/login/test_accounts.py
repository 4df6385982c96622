"""The file of accounts, and the commands that change it."""

import stat
from pathlib import Path

import pytest

from dashboard.__main__ import main
from dashboard.login import passwords
from dashboard.login.accounts import Account, Accounts, AccountsError, default_path
from dashboard.login.person import Person

PASSWORD = "four words for anna"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "accounts.json"


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def run(file: Path, *words: str) -> int:
    return main(["accounts", *words, "--accounts", str(file)])


def test_an_account_is_added_listed_and_removed(
    file: Path, password_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anna = ("add", "Anna", "--rooms", "school-a/room-12", "school-b/*")
    assert run(file, *anna, "--password-file", str(password_file)) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert PASSWORD not in file.read_text()
    assert run(file, "add", "root@school.example", "--role", "administrator", "--no-password") == 0
    capsys.readouterr()
    assert run(file, "list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME                 ROLE           LOGIN     ROOMS",
        "anna                 teacher        password  school-a/room-12 school-b/*",
        "root@school.example  administrator  OIDC      all",
    ]
    assert run(file, "remove", "anna") == 0
    assert list(Accounts(file).all()) == ["root@school.example"]


def test_a_new_password_takes_the_place_of_the_old(file: Path, password_file: Path) -> None:
    run(file, "add", "anna", "--rooms", "school-a/*", "--password-file", str(password_file))
    password_file.write_text("four other words here")
    assert run(file, "password", "anna", "--password-file", str(password_file)) == 0
    account = Accounts(file).get("anna")
    assert account is not None and account.rooms == ("school-a/*",)
    assert passwords.matches("four other words here", account.password)
    assert not passwords.matches(PASSWORD, account.password)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["add"], "expected a name to add, got none"),
        (["add", "anna"], "expected --rooms for a teacher"),
        (["add", "anna", "--rooms", "room-12"], "expected rooms as site/device"),
        (["add", "anna", "--rooms", "*/*"], "expected rooms as site/device"),
        (["add", "<b>", "--rooms", "school-a/*"], "expected a name of small letters"),
        (["add", "anna", "--role", "administrator", "--rooms", "a/*"], "expected no --rooms"),
        (["add", "anna", "--rooms", "a/*"], "give --password-file"),
        (["add", "anna", "--rooms", "a/*", "--password-file", "/nowhere"], "expected a password"),
        (["remove", "anna"], "expected the name of an account"),
        (["password", "anna"], "expected the name of an account"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    file: Path,
    words: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(file, *words) == 2
    output = capsys.readouterr().err
    assert says in output and output.count("\n") == 1
    assert not file.exists()


def test_a_short_password_is_refused_and_not_shown(
    file: Path, password_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    password_file.write_text("hunter2")
    words = ("add", "anna", "--rooms", "a/*", "--password-file", str(password_file))
    assert run(file, *words) == 2
    said = capsys.readouterr().err
    assert "expected a password of 12 to 200 characters, got 7" in said and "hunter2" not in said


def test_a_file_that_others_may_read_is_refused(file: Path) -> None:
    Accounts(file).put("anna", Account(role="administrator"))
    file.chmod(0o644)
    with pytest.raises(AccountsError, match="only its owner may read, got mode 0644: chmod 600"):
        Accounts(file).all()


@pytest.mark.parametrize("content", ["", "[]", '{"accounts": {"a": {"role": "king"}}}', '{"v": 2}'])
def test_a_file_of_something_else_is_refused(file: Path, content: str) -> None:
    Accounts(file).put("anna", Account(role="administrator", password="a hash"))
    file.write_text(content)
    with pytest.raises(AccountsError, match="expected accounts as") as refused:
        Accounts(file).all()
    assert "a hash" not in str(refused.value)


def test_what_another_program_writes_is_seen_at_the_next_look(file: Path) -> None:
    accounts = Accounts(file)
    assert accounts.all() == {}
    Accounts(file).put("anna", Account(role="administrator"))
    assert accounts.get("anna") is not None
    Accounts(file).remove("anna")
    assert accounts.get("anna") is None


def test_the_default_file_is_outside_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHBOARD_ACCOUNTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/anna/.settings")
    path = Path("/home/anna/.settings/classroom-emotion-counts/accounts.json")
    assert default_path() == path


@pytest.mark.parametrize(
    ("rooms", "seen"),
    [
        (("school-a/room-1",), {"school-a/room-1"}),
        (("school-a/*",), {"school-a/room-1", "school-a/room-12"}),
        (("school/*",), set()),
        ((), set()),
    ],
)
def test_a_teacher_sees_exactly_their_rooms(rooms: tuple[str, ...], seen: set[str]) -> None:
    everything = {"school-a/room-1", "school-a/room-12", "school-b/room-1"}
    teacher = Person("anna", is_administrator=False, rooms=rooms)
    assert {room for room in everything if teacher.may_see(room)} == seen
    assert all(Person("root", is_administrator=True).may_see(room) for room in everything)
