"""Loads modules that stay as long as the process does."""

import gc
from importlib import import_module
from types import ModuleType


def load(name: str) -> ModuleType:
    """Import the module ``name`` without looking for garbage, and never look for any in it.

    What modules make is there to stay. By default the collector walks through all of it many
    times meanwhile, and again at the process's end: a third of the time of a short command.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
