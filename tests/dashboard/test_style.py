"""What is written can be read: contrasts as WCAG 2.2, level AA, asks for."""

import pytest

from dashboard.style import COLOURS, DARK, LIGHT, Palette, css

TEXT, EDGE = 4.5, 3.0


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_edges_stand_out(palette: Palette) -> None:
    for ground in (palette.ground, palette.pale, palette.warm, palette.faint):
        assert contrast(palette.ink, ground) >= TEXT
    for ground in (palette.ground, palette.pale):
        assert contrast(palette.soft, ground) >= TEXT
        assert contrast(palette.accent, ground) >= TEXT
        assert contrast(palette.line, ground) >= EDGE


def test_the_style_sheet_fills_every_blank() -> None:
    assert "$" not in css() and len(COLOURS) == 8
