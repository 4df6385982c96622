"""What the documents name must exist, and the figures they quote must be those of the cards."""

import argparse
import re
from pathlib import Path

import pytest

import converter.__main__
import dashboard.__main__
import deploy.__main__
import deploy.updates.client.__main__
import edge_agent.__main__
import training.__main__
from edge_agent.messages import json_schemas
from edge_agent.model_card import RELEASED
from tests.figures import table
from tests.support import REPOSITORY

DOCUMENTS = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
PARSERS = {
    "edge_agent": edge_agent.__main__.parser(),
    "dashboard": dashboard.__main__.parser(),
    "deploy": deploy.__main__.parser(),
    "deploy.updates.client": deploy.updates.client.__main__.parser(),
    "training": training.__main__.parser(),
    "converter": converter.__main__.parser(),
}


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _options(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings}


COMMANDS = {
    (program, name): command
    for program, parser in PARSERS.items()
    for name, command in _subcommands(parser).items()
}
INSTALLER = (REPOSITORY / "deploy" / "install.sh").read_text()
EVERY_OPTION = set(re.findall(r"--[a-z][a-z-]*", INSTALLER.partition("END\n}")[0])).union(
    *(_options(command) for command in COMMANDS.values())
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_commands_and_their_options_exist(document: Path) -> None:
    text = document.read_text()
    for program, rest in re.findall(r"python -m ([\w.]+)([^\n`]*)", text):
        if program not in PARSERS:
            continue
        words = rest.split()
        assert words, f"python -m {program} without a command"
        assert (program, words[0]) in COMMANDS, f"python -m {program} {words[0]}"
        known = _options(COMMANDS[program, words[0]])
        for option in re.findall(r"--[a-z][a-z-]*", rest):
            assert option in known, f"python -m {program} {words[0]} {option}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_options_named_alone_exist_somewhere(document: Path) -> None:
    for option in re.findall(r"`(--[a-z][a-z-]*)", document.read_text()):
        assert option in EVERY_OPTION, option


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_and_links_exist(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", (REPOSITORY / "Makefile").read_text(), re.M))
    for target in re.findall(r"(?:^|`)make ([a-z0-9-]+)", text, re.M):
        assert target in targets, f"make {target}"
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (document.parent / link).exists(), link


@pytest.mark.parametrize(("program", "name"), COMMANDS, ids=" ".join)
def test_every_option_has_a_help_text(program: str, name: str) -> None:
    command = COMMANDS[program, name]
    assert command.description
    for action in command._actions:
        assert action.help, action.option_strings
    assert command.format_help()


def test_every_field_of_every_message_is_documented() -> None:
    text = (REPOSITORY / "docs" / "mqtt.md").read_text()
    for schema in json_schemas().values():
        for part in [schema, *schema.get("$defs", {}).values()]:
            for field in part["properties"]:
                assert f"`{field}`" in text or f'"{field}"' in text, field


def test_the_readme_quotes_the_cards() -> None:
    assert table(RELEASED) in (REPOSITORY / "README.md").read_text()
