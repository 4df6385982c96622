"""The agent against the obvious alternative, on the same frames in the same run."""
