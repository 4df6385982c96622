"""Edge agent: turns a camera's frames into counts of emotions, and publishes only those."""

__version__ = "0.1.0"
