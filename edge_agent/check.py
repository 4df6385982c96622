"""Tests a device and its surroundings: one line each, with what to do."""

from collections.abc import Iterator

from edge_agent.broker_check import check_broker
from edge_agent.camera_check import check_camera
from edge_agent.config import Settings
from edge_agent.file_check import agent_is_running, check_disk, check_permissions
from edge_agent.finding import Finding
from edge_agent.machine_check import check_clock, check_temperature
from edge_agent.model_check import check_networks


def check(settings: Settings) -> bool:
    """Prints what each test finds, as it comes; whether something has failed.

    Nothing is published. An agent that is running keeps its camera and its connection.
    """
    failed = False
    for finding in _findings(settings):
        print(finding, flush=True)
        failed = failed or finding.level == "failed"
    return failed


def _findings(settings: Settings) -> Iterator[Finding]:
    deployment = settings.deployment
    yield Finding("configuration", "ok", f"device {deployment.device} of {deployment.site}")
    yield _check_purpose(settings)
    running = agent_is_running(settings)
    yield check_camera(settings.camera, running=running)
    yield check_networks(settings)
    yield from check_broker(settings, running=running)
    yield check_clock()
    yield check_temperature()
    yield check_permissions(settings)
    yield check_disk(settings)


def _check_purpose(settings: Settings) -> Finding:
    if settings.deployment.purpose.strip():
        return Finding("purpose", "ok", settings.deployment.purpose.strip())
    return Finding(
        "purpose",
        "failed",
        "expected a sentence on why emotions are counted here, got none: read docs/privacy.md, "
        "then set deployment.purpose",
    )
