"""The command line: ``python -m edge_agent``."""

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from edge_agent import __version__, config, messages
from edge_agent.core_dump import forbid_core_dumps
from edge_agent.errors import ConfigError, EdgeAgentError
from edge_agent.heap import use_one_heap

_EXIT_FAILED = 1
_EXIT_ERROR = 2
_EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code: 0, or 2 after one sentence on standard error.

    The command ``check`` also returns 1, when it found something that fails.
    """
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.command(arguments)
        sys.stdout.flush()
        return code
    except EdgeAgentError as error:
        print(f"edge_agent: {error}", file=sys.stderr)
        return _EXIT_ERROR
    except BrokenPipeError:
        # Whoever read our output has left; there is nobody to tell.
        _abandon_output()
        return 0
    except OSError as error:
        _abandon_output()
        print(f"edge_agent: expected to write the output, got: {error.strerror}", file=sys.stderr)
        return _EXIT_ERROR
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED


def _abandon_output() -> None:
    """Keeps Python from complaining when it flushes standard output at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> argparse.ArgumentParser:
    """The parser, which a test compares with the README."""
    top = argparse.ArgumentParser(
        prog="python -m edge_agent",
        description="Counts emotions in a classroom on the device that sees it. "
        "Only counts leave it: no picture, no position, no person.",
        epilog="A first look, without a broker: python -m edge_agent run --source sample --print",
    )
    top.add_argument("--version", action="version", version=f"edge_agent {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = _command(
        commands,
        "run",
        _run,
        "watch a source and publish counts",
        "Finds faces in a camera, video or stream, classifies their emotions on this machine, "
        "and publishes one message of counts for each window of a few seconds. "
        "Ctrl-C or SIGTERM ends it with a clean 'offline'; SIGHUP has it read the configuration "
        "again.",
    )
    run.add_argument(
        "--source",
        metavar="FILE|DEVICE|URL",
        help="what to watch: a video file, a camera (0, /dev/video0, picamera), a stream "
        "(rtsp://…), 'sample', or 'auto' for the camera (with --print or --demo "
        "also the sample, where there is none); overrides camera.source of the configuration "
        "(default: auto)",
    )
    run.add_argument(
        "--print",
        dest="printing",
        action="store_true",
        help="write each message to standard output as one JSON line "
        '{"topic": …, "payload": …} in place of MQTT; nothing leaves the terminal, so no '
        "purpose is asked for",
    )
    run.add_argument(
        "--fast",
        action="store_true",
        help="take every frame of a video file as quickly as this machine can; windows then "
        "follow the video's clock",
    )
    run.add_argument(
        "--loop",
        action="store_true",
        help="start a video file again when it ends; without effect with --fast",
    )
    run.add_argument(
        "--demo",
        action="store_true",
        help="run without a purpose; the broker must then be on this machine",
    )
    _add_config(run)

    aim = _command(
        commands,
        "aim",
        _aim,
        "help to mount the camera: where faces are found, and how large",
        "Shows in letters where faces are found (O), which of them are too small to be classified "
        "(o), and what to do about it. No picture is shown or stored, and nothing is published. "
        "Ctrl-C ends it with a summary.",
    )
    aim.add_argument(
        "--source",
        metavar="FILE|DEVICE|URL",
        help="what to look at, as for run; overrides camera.source of the configuration",
    )
    aim.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        help="end by itself after so many seconds (default: at Ctrl-C or the end of a file)",
    )
    _add_config(aim)

    check = _command(
        commands,
        "check",
        _check,
        "test this device and its surroundings, and say what to do",
        "Tests the configuration, camera, networks, broker, clock, temperature, permissions and "
        "room on the disk, a line each; nothing is published. Run it as the user that the agent "
        "runs as, while the agent is stopped: it takes the camera, and logs in by the device's "
        "name. The exit code is 1 when something failed.",
    )
    _add_config(check)

    show = _command(
        commands,
        "config",
        _config,
        "check a configuration and show every setting in force",
        "Reads and validates a configuration, and prints all settings with their values. "
        "A wrong key or value is named in one sentence.",
    )
    _add_config(show)

    models = _command(
        commands,
        "models",
        _models,
        "check the networks in use and show what they are",
        "Loads the face detector and the emotion classifier, compares them with their cards, "
        "and prints what they are and how good they were measured to be.",
    )
    _add_config(models)

    schemas = _command(
        commands,
        "schemas",
        _schemas,
        "print the JSON Schema of every message",
        "Prints the closed JSON Schemas of all that this program publishes or accepts.",
    )
    schemas.add_argument(
        "--asyncapi",
        action="store_true",
        help="print an AsyncAPI 3.0 document in YAML instead, with topics, QoS and examples",
    )
    return top


def _command(
    commands: Any, name: str, function: Any, summary: str, description: str
) -> argparse.ArgumentParser:
    result: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description
    )
    result.set_defaults(command=function)
    return result


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config",
        metavar="FILE",
        help="configuration in YAML (default: the settings that config.yaml shows)",
    )


def _settings(arguments: argparse.Namespace) -> config.Settings:
    return config.load(arguments.config) if arguments.config else config.Settings()


def _settings_with_source(arguments: argparse.Namespace) -> config.Settings:
    settings = _settings(arguments)
    if arguments.source is None:
        return settings
    camera = settings.camera.model_copy(update={"source": arguments.source})
    return settings.model_copy(update={"camera": camera})


def _run(arguments: argparse.Namespace) -> int:
    forbid_core_dumps()
    use_one_heap()
    logging.basicConfig(
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    settings = _settings_to_run(arguments)

    # Imported here, so that help and errors come at once.
    from edge_agent.agent import Agent

    agent = Agent(
        settings,
        printing=arguments.printing,
        fast=arguments.fast,
        loop=arguments.loop,
        demo=arguments.demo,
        read_settings=partial(_settings_to_run, arguments) if arguments.config else None,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: agent.stop())
    on_terminal = sys.stdin is not None and sys.stdin.isatty()

    def hang_up(*_: object) -> None:
        # A terminal that is closed says the same as somebody who changed the configuration.
        if on_terminal and not sys.stdin.isatty():
            agent.stop()
        else:
            agent.reload()

    signal.signal(signal.SIGHUP, hang_up)
    agent.run()
    return 0


def _settings_to_run(arguments: argparse.Namespace) -> config.Settings:
    settings = _settings_with_source(arguments)
    _require_purpose(settings, printing=arguments.printing, demo=arguments.demo)
    # Ours alone: what other packages tell of their work at this level is not known to us.
    logging.getLogger("edge_agent").setLevel(settings.logging.level.upper())
    return settings


def _require_purpose(settings: config.Settings, *, printing: bool, demo: bool) -> None:
    if printing or settings.deployment.purpose.strip():
        return
    if not demo:
        raise ConfigError(
            "deployment.purpose: expected a sentence on why emotions are counted here, got none; "
            "read docs/privacy.md, then set it in the configuration (or try --print or --demo, "
            "which keep everything on this machine)"
        )
    if not settings.mqtt.is_loopback():
        raise ConfigError(
            f"mqtt.host: expected a broker on this machine for --demo, got {settings.mqtt.host!r}"
        )


def _aim(arguments: argparse.Namespace) -> int:
    settings = _settings_with_source(arguments)
    from edge_agent.aim import aim

    aim(settings, seconds=arguments.seconds)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    from edge_agent.check import check

    return _EXIT_FAILED if check(settings) else 0


def _config(arguments: argparse.Namespace) -> int:
    import yaml

    settings = _settings(arguments).model_dump(mode="json")
    print(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), end="")
    return 0


def _models(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    from edge_agent.emotion_classifier import EmotionClassifier
    from edge_agent.face_detector import FaceDetector

    for network in (
        FaceDetector(settings.detector.model),
        EmotionClassifier(settings.classifier.model),
    ):
        card = network.card
        if card is None:
            print(f"{network.path}\n  sha256: {network.sha256}\n  no card\n")
            continue
        print(f"{network.path}")
        for key, value in card.model_dump(mode="json", exclude={"file"}).items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            print(f"  {key}: {text}")
        print()
    return 0


def _schemas(arguments: argparse.Namespace) -> int:
    if arguments.asyncapi:
        from edge_agent import asyncapi

        print(asyncapi.to_yaml(), end="")
    else:
        print(json.dumps(messages.json_schemas(), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
