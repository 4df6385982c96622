"""Numbers on the command line, within bounds."""

import argparse
from collections.abc import Callable


def number(least: int, most: int) -> Callable[[str], int]:
    """Reads a number for argparse, or says what is expected."""

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"expected a number from {least} to {most}, got {text!r}"
            )
        return int(text)

    return read
