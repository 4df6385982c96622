"""The optimizer that every recipe uses: AdamW, a short warm-up, then half a cosine."""

import keras


def optimizer(
    *,
    learning_rate: float,
    weight_decay: float,
    steps: int,
    warmup_steps: int,
    ema_momentum: float,
) -> keras.optimizers.Optimizer:
    """Builds it; the exponential moving average of the weights is what gets evaluated and saved."""
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=learning_rate * 0.01,
        warmup_target=learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=max(1, steps - warmup_steps),
        alpha=0.005,
    )
    result = keras.optimizers.AdamW(
        schedule,
        weight_decay=weight_decay,
        global_clipnorm=5.0,
        use_ema=True,
        ema_momentum=ema_momentum,
    )
    # Norms and offsets are few and carry the scale; decaying them only hurts.
    result.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return result
