"""Puts something else in place of a function of the agent, wherever it was imported."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def replaced(function: Callable[..., Any], by: Callable[..., Any]) -> Iterator[None]:
    """Until the body ends, every module of the agent that knows a function calls another."""
    with contextlib.ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if not name.startswith("edge_agent"):
                continue
            for key, value in list(vars(module).items()):
                if value is function:
                    stack.callback(setattr, module, key, function)
                    setattr(module, key, by)
        yield


@contextlib.contextmanager
def replaced_method(owner: type, name: str, by: Callable[..., Any]) -> Iterator[None]:
    """Until the body ends, a class has another method."""
    method = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, method)
