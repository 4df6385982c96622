"""How the device feels."""

from edge_agent.health import (
    STAGES,
    StageTimer,
    clock_synced,
    cpu_temperature_c,
    memory_mb,
    throttled,
)
from edge_agent.messages import Health
from tests.edge_agent.support import BOOT, ROOM, validate


def test_stage_times_are_medians_since_the_last_report() -> None:
    timer = StageTimer()
    for _ in range(3):
        for stage in STAGES:
            with timer.measure(stage):
                pass
    fps, times = timer.compute()
    assert fps > 0
    assert set(times.model_dump()) == set(STAGES)
    assert all(0 <= value < 1000 for value in times.model_dump().values())
    fps, times = timer.compute()
    assert fps == 0
    assert set(times.model_dump().values()) == {0.0}


def test_this_machine_can_report() -> None:
    assert 1 < memory_mb() < 100_000
    assert isinstance(clock_synced(), bool)
    fps, stage_ms = StageTimer().compute()
    report = Health(
        boot_id=BOOT,
        fps=fps,
        stage_ms=stage_ms,
        dropped_frames=0,
        outbox_depth=0,
        cpu_temperature_c=cpu_temperature_c(),
        throttled=throttled(),
        memory_mb=memory_mb(),
    )
    validate(f"{ROOM}/health", report.to_json())
