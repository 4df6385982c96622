"""The queue of windows: in order, bounded, and nothing is forgotten before it is delivered."""

import threading

from edge_agent.outbox import Outbox
from tests.edge_agent.support import counts


def outbox(number: int, capacity: int = 100) -> Outbox:
    result = Outbox(capacity)
    for seq in range(number):
        result.put(counts(seq))
    return result


def take(box: Outbox, max_in_flight: int = 1000) -> list[tuple[int, bool]]:
    """Seq and replay mark of all that may be sent now."""
    result = []
    while (window := box.take(max_in_flight)) is not None:
        result.append((window.seq, window.replayed))
    return result


def test_windows_leave_in_order_a_few_at_a_time() -> None:
    box = outbox(5)
    assert take(box, 2) == [(0, False), (1, False)]
    box.acknowledge(0)
    assert take(box, 2) == [(2, False)]
    assert len(box) == 4
    for seq in (1, 2):
        box.acknowledge(seq)
    assert take(box, 2) == [(3, False), (4, False)]


def test_only_what_is_acknowledged_is_forgotten() -> None:
    box = outbox(3)
    take(box)
    assert len(box) == 3
    for seq in (0, 1, 2, 2, 99):
        box.acknowledge(seq)
    assert len(box) == 0
    assert box.take(1) is None


def test_what_was_not_acknowledged_comes_again_first_and_marked() -> None:
    box = outbox(5)
    take(box, 3)
    box.acknowledge(1)
    box.return_unacknowledged()
    box.put(counts(5))
    assert take(box) == [(0, True), (2, True), (3, True), (4, True), (5, False)]


def test_a_full_outbox_loses_its_oldest() -> None:
    box = outbox(10, capacity=4)
    assert len(box) == 4
    assert take(box, 3) == [(6, False), (7, False), (8, False)]
    for seq in (10, 11, 12):
        box.put(counts(seq))
    box.return_unacknowledged()
    assert take(box) == [(9, True), (10, True), (11, True), (12, True)]


def test_putting_and_taking_may_be_done_by_different_threads() -> None:
    box = Outbox(10_000)
    writer = threading.Thread(target=lambda: [box.put(counts(seq)) for seq in range(500)])
    writer.start()
    taken = []
    while len(taken) < 500:
        window = box.take(8)
        if window is not None:
            taken.append(window.seq)
            box.acknowledge(window.seq)
    writer.join()
    assert taken == list(range(500))
