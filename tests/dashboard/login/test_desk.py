"""Logging in, being known, and being out again."""

from pathlib import Path

import pytest

from dashboard.login import passwords, sessions
from dashboard.login.accounts import Account
from dashboard.login.attempts import ACCOUNT_TRIES
from dashboard.login.desk import Desk, TooManyTriesError
from dashboard.login.person import Person
from dashboard.login.sessions import SESSION_SECONDS, Sessions
from tests.dashboard.login.test_attempts import Clock

PASSWORD = "four words for anna"
HASH = passwords.hashed(PASSWORD)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    desk = Desk(tmp_path / "accounts.json", sessions=Sessions(clock))
    desk.accounts.put("anna", Account(role="teacher", rooms=("a/*",), password=HASH))
    desk.accounts.put("otto", Account(role="administrator"))  # logs in elsewhere
    return desk


def token_of_anna(desk: Desk) -> str:
    token = desk.log_in(" Anna", PASSWORD, "192.0.2.1")
    assert token is not None
    return token


def test_a_right_password_lets_in_until_the_logout(desk: Desk) -> None:
    first, second = token_of_anna(desk), token_of_anna(desk)
    anna = Person("anna", is_administrator=False, rooms=("a/*",))
    assert desk.person(first) == desk.person(second) == anna
    desk.log_out(first)
    assert desk.person(first) is None and desk.person(second) == anna


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", "four words for berta"),
        ("anna", ""),
        ("anna", HASH),
        ("anna", PASSWORD + " " * 500),
        ("berta", PASSWORD),
        ("otto", ""),
        ("otto", "a password that nobody has"),
        ("", ""),
        ("x" * 10_000, PASSWORD),
    ],
)
def test_everything_else_does_not(desk: Desk, name: str, password: str) -> None:
    assert desk.log_in(name, password, None) is None


@pytest.mark.parametrize("token", [None, "", "x", "ü" * 1000])
def test_a_made_up_token_is_nobody(desk: Desk, token: str | None) -> None:
    assert desk.person(token) is None
    desk.log_out(token)


def test_a_session_ends_after_its_time(desk: Desk, clock: Clock) -> None:
    token = token_of_anna(desk)
    clock.now += SESSION_SECONDS - 1
    assert desk.person(token) is not None
    clock.now += 1
    assert desk.person(token) is None


def test_a_removed_account_and_a_new_password_end_its_sessions(desk: Desk) -> None:
    token = token_of_anna(desk)
    desk.accounts.put("anna", Account(role="administrator", password=HASH))
    assert desk.person(token) == Person("anna", is_administrator=True)
    desk.accounts.put("anna", Account(role="administrator", password=passwords.hashed("b" * 12)))
    assert desk.person(token) is None
    desk.accounts.put("anna", Account(role="administrator", password=HASH))
    token = token_of_anna(desk)
    desk.accounts.remove("anna")
    assert desk.person(token) is None


def test_accounts_that_cannot_be_read_let_nobody_stay(desk: Desk) -> None:
    token = token_of_anna(desk)
    desk.accounts.path.write_text("broken")
    assert desk.person(token) is None


def test_guessing_has_to_wait_and_is_no_different_for_unknown_names(desk: Desk) -> None:
    for name in ("anna", "nobody"):
        for _ in range(ACCOUNT_TRIES):
            assert desk.log_in(name, "a wrong password", None) is None
        with pytest.raises(TooManyTriesError):
            desk.log_in(name, PASSWORD, None)


def test_the_oldest_session_goes_where_there_are_too_many(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_MOST_KEPT", 3)
    table = Sessions(clock)
    tokens = [table.begin(f"name-{number}", HASH) for number in range(5)]
    known = [table.get(token) for token in tokens]
    assert [session and session.name for session in known] == [
        *(None, None, "name-2", "name-3", "name-4")
    ]


def test_an_unknown_name_costs_a_hash_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    hasher = passwords._HASHER

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            checked.append(stored[:30])
            return bool(hasher.verify(stored, password))

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    assert not passwords.matches("a wrong password", None)
    assert not passwords.matches("a password that nobody has", None)
    assert not passwords.matches("a wrong password", HASH)
    assert len(checked) == 3 and len(set(checked)) == 1  # the same costs
