"""Writes the card beside a released network."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.model_card import ModelCard, TensorSpec, sha256
from edge_agent.tflite_model import TfliteModel
from training.recipe import Recipe


def card_of(
    recipe: Recipe,
    partial: Path,
    *,
    name: str,
    parameters: int,
    input_meaning: str,
    output_meaning: str,
    command: str,
    **figures: Any,
) -> ModelCard:
    """The card of a network.

    Args:
        recipe: that it was trained by.
        partial: the ``.tflite`` file, under any name.
        name: of the released file, without its ending.
        parameters: how many numbers were trained.
        input_meaning, output_meaning: in words.
        command: what makes it again.
        figures: the rest of a card, by its keys.

    Raises:
        ModelError: when the file is no network.
    """
    model = TfliteModel(partial)
    return ModelCard(
        task=recipe.task,
        file=f"{name}.tflite",
        sha256=sha256(partial),
        input=TensorSpec(
            name="pixels",
            shape=model.input_shape,
            dtype=model.input_dtype.name,
            meaning=input_meaning,
        ),
        outputs=tuple(
            TensorSpec(
                name=name,
                shape=tuple(int(side) for side in detail["shape"]),
                dtype=np.dtype(detail["dtype"]).name,
                meaning=output_meaning,
            )
            for name, detail in sorted(model.outputs.items())
        ),
        parameters=parameters,
        seed=recipe.seed,
        command=command,
        **figures,
    )


def text_of(card: ModelCard) -> str:
    """What is written into the file, JSON."""
    return json.dumps(card.model_dump(mode="json"), indent=2) + "\n"
