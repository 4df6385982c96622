"""The settings with which a computer looks for signed releases, sooner and louder than a room's."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.debian_tree import Tree

# In a room it is an hour, at a moment of its own.
_SOON: Final = """\
[Timer]
OnBootSec=
OnUnitActiveSec=
OnBootSec=1min
OnUnitActiveSec=1min
RandomizedDelaySec=0
"""
_ALOUD: Final = """\
[Service]
StandardOutput=journal+console
StandardError=journal+console
"""


@dataclass(frozen=True)
class Updates:
    """Where a computer gets signed releases.

    Attributes:
        url: of the repository, as the computer reaches it.
        root: the file that its signatures are checked against.
        patience_seconds: how long a release may take to its first delivered count.
    """

    url: str
    root: Path
    patience_seconds: float

    def bring(self, tree: Tree, *, ca_file: str) -> None:
        """Puts there what somebody must who wants updates, before the installer runs."""
        settings = tree.root / "etc/edge-agent"
        settings.mkdir()
        content = {
            "url": self.url,
            "ca_file": ca_file,
            "patience_seconds": self.patience_seconds,
        }
        (settings / "updates.yaml").write_text(yaml.safe_dump(content))
        shutil.copy(self.root, settings / "updates-root.json")
        for kind, text in (("timer", _SOON), ("service", _ALOUD)):
            drop_in = tree.root / f"etc/systemd/system/edge-agent-update.{kind}.d"
            drop_in.mkdir()
            (drop_in / "trial.conf").write_text(text)
