"""The README's table of figures, made from the model cards: ``python -m tests.figures``."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from edge_agent.model_card import RELEASED
from tests.support import REPOSITORY


def table(models: Path) -> str:
    """The table in Markdown."""
    classifier = _measured(models / "emotion_classifier.json")
    detector = _measured(models / "face_detector.json")
    lines = ["| what | figure |", "|---|---|"]
    for split, name in (("public", "PublicTest"), ("private", "PrivateTest")):
        for pictures, which in (("", ""), ("_new_faces", ", new faces alone")):
            figures = classifier[f"fer2013_{split}_test{pictures}"]
            low, high = (f"{100 * bound:.1f}" for bound in figures["interval_95"])
            lines.append(
                f"| emotion of a face, FER-2013 {name}{which}, 95 % interval | "
                f"{100 * figures['accuracy']:.1f} % ({low} to {high}) |"
            )
    by_size = classifier["fer2013_private_test"]["accuracy_by_face_pixels"]
    sizes = ", ".join(f"{size} px {100 * share:.1f} %" for size, share in by_size.items())
    lines.append(f"| PrivateTest for faces of fewer pixels | {sizes} |")
    for name in (
        "emotion_classifier",
        "emotion_classifier_people",
        "emotion_classifier_half_people",
    ):
        figures = _measured(models / f"{name}.json")["fer2013_private_test_new_faces"]["ferplus_7"]
        low, high = (f"{100 * bound:.1f}" for bound in figures["interval_95"])
        lines.append(
            f"| the same new faces of PrivateTest by what most of ten taggers saw (FER+, 7 "
            f"emotions), `{name}` | {100 * figures['accuracy']:.1f} % ({low} to {high}) |"
        )
    for height, figures in detector["wider_face_validation_at_640"]["by_min_height"].items():
        lines.append(
            f"| faces of {height} px and more, WIDER FACE at 640 px: AP@0.5; found and right at "
            f"the released threshold | {_three_decimals(figures['average_precision'])}; "
            f"{100 * figures['recall']:.1f} %, {100 * figures['precision']:.1f} % |"
        )
    video = detector.get("trial_video")
    if video:
        lines.append(
            f"| faces of 24 px and more in the trial video of 68 people: found; false boxes | "
            f"{100 * video['recall']:.1f} %; {100 * video['false_boxes']:.1f} % |"
        )
    return "\n".join(lines)


def _three_decimals(value: float) -> Decimal:
    """Halves go up, as 0.9235 does, which a float of it may lie just below."""
    return Decimal(str(value)).quantize(Decimal("0.001"), ROUND_HALF_UP)


def _measured(card: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(card.read_text())["measured"]
    return content


if __name__ == "__main__":
    readme = REPOSITORY / "README.md"
    before, _, rest = readme.read_text().partition("<!-- figures -->")
    after = rest.partition("\n\nPrivateTest is the")[2]
    readme.write_text(f"{before}<!-- figures -->\n\n{table(RELEASED)}\n\nPrivateTest is the{after}")
