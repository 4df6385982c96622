"""This project's sources as they would be of another version."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support import REPOSITORY


def sources_of(
    version: str,
    folder: Path,
    change: Callable[[str, bytes], bytes] = lambda name, content: content,
) -> Path:
    """Copies what a release is built of.

    Args:
        folder: new.
        change: name and content of a file of the agent → another content.
    """
    ignored = shutil.ignore_patterns(".*", "build", "dist", "tests", "data", "__pycache__")
    shutil.copytree(REPOSITORY, folder, ignore=ignored)
    first = folder / "edge_agent" / "__init__.py"
    first.write_text(re.sub('__version__ = ".*"', f'__version__ = "{version}"', first.read_text()))
    for file in folder.glob("edge_agent/*.py"):
        file.write_bytes(change(f"edge_agent/{file.name}", file.read_bytes()))
    return folder
