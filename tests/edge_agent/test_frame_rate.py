"""The rate gives way to heat, throttling and its share of the processor, and comes back."""

import pytest

from edge_agent.frame_rate import CpuShare, FrameRate

WELL = (50.0, False, 0.2)


def rates(*readings: tuple[float | None, bool | None, float]) -> list[float]:
    """The rates after each reading (temperature, throttled, share), to two places."""
    rate = FrameRate(target=4.0, least=1.0, max_temperature_c=75.0, max_cpu_share=0.8)
    return [
        round(
            rate.update(temperature_c=degrees, throttled=throttled, cpu_share=share),
            2,
        )
        for degrees, throttled, share in readings
    ]


@pytest.mark.parametrize(
    ("reading", "after"),
    [
        (WELL, 4.0),
        ((None, None, 0.2), 4.0),
        ((75.0, False, 0.8), 4.0),
        ((75.1, False, 0.2), 3.0),
        ((50.0, True, 0.2), 3.0),
        ((None, True, 0.2), 3.0),
        ((50.0, False, 0.81), 3.0),
    ],
)
def test_one_reading_costs_one_step(
    reading: tuple[float | None, bool | None, float], after: float
) -> None:
    assert rates(reading) == [after]


def test_it_falls_step_by_step_to_its_least_and_comes_back_step_by_step() -> None:
    assert rates(*[(80.0, False, 0.2)] * 7) == [3.0, 2.25, 1.69, 1.27, 1.0, 1.0, 1.0]
    assert rates(*[(80.0, False, 0.2)] * 2, *[WELL] * 4) == [3.0, 2.25, 2.81, 3.52, 4.0, 4.0]


def test_near_the_limit_it_stays_where_it_is() -> None:
    hot, nearly, cool = (76.0, False, 0.2), (71.0, False, 0.2), (70.0, False, 0.2)
    assert rates(hot, nearly, nearly, cool) == [3.0, 3.0, 3.0, 3.75]


def test_it_does_not_rise_to_where_its_share_would_be_too_large_again() -> None:
    assert rates((50.0, False, 0.9), (50.0, False, 0.7), (50.0, False, 0.6)) == [3.0, 3.0, 3.75]


def test_a_camera_slower_than_the_least_is_taken_as_it_is() -> None:
    rate = FrameRate(target=0.5, least=1.0, max_temperature_c=75.0, max_cpu_share=1.0)
    assert rate.update(temperature_c=90.0, throttled=True, cpu_share=3.0) == 0.5


def test_the_share_is_that_of_this_process() -> None:
    share = CpuShare()
    sum(range(10**6))
    assert share.compute() > 0
