"""Whoever guesses passwords has to wait, and cannot fill the memory."""

import pytest

from dashboard.login import attempts
from dashboard.login.attempts import ACCOUNT_TRIES, ADDRESS_TRIES, WITHIN_SECONDS, Attempts


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_account_waits_whatever_the_address(clock: Clock) -> None:
    tries = Attempts(clock)
    for number in range(ACCOUNT_TRIES):
        assert tries.begin("anna", f"192.0.2.{number}") == 0
        clock.now += 1
    assert tries.begin("anna", "198.51.100.1") == WITHIN_SECONDS - ACCOUNT_TRIES
    assert tries.begin("berta", "198.51.100.1") == 0
    clock.now += WITHIN_SECONDS - ACCOUNT_TRIES
    assert tries.begin("anna", "198.51.100.1") == 0
    assert tries.begin("anna", "198.51.100.1") > 0  # the second oldest is still young


def test_an_address_waits_whatever_the_name(clock: Clock) -> None:
    tries = Attempts(clock)
    for number in range(ADDRESS_TRIES):
        assert tries.begin(f"name-{number}", "192.0.2.1") == 0
    assert tries.begin("anna", "192.0.2.1") == WITHIN_SECONDS
    assert tries.begin("anna", "192.0.2.2") == 0
    assert tries.begin("anna", None) == 0


def test_one_ipv6_network_is_one_address(clock: Clock) -> None:
    tries = Attempts(clock)
    for number in range(ADDRESS_TRIES):
        assert tries.begin(f"name-{number}", f"2001:db8::{number:x}") == 0
    assert tries.begin("anna", "2001:db8::ffff:1") > 0
    assert tries.begin("anna", "2001:db8:0:1::1") == 0


def test_a_login_forgets_the_failures_before_it(clock: Clock) -> None:
    tries = Attempts(clock)
    for _ in range(5 * ACCOUNT_TRIES):
        assert tries.begin("anna", "192.0.2.1") == 0
        tries.succeeded("anna", "192.0.2.1")


def test_refused_tries_do_not_make_the_wait_longer(clock: Clock) -> None:
    tries = Attempts(clock)
    for _ in range(100):
        tries.begin("anna", "192.0.2.1")
    assert tries.begin("anna", "192.0.2.1") == WITHIN_SECONDS


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_MOST_KEPT", 100)
    tries = Attempts(clock)
    for number in range(1000):
        tries.begin(f"name-{number}", f"2001:db8:{number:x}::1")
    assert len(tries) == 200
