"""The one family of errors that the command line turns into a sentence and an exit code."""


class EdgeAgentError(Exception):
    """Something a person can put right; the text says what was expected, what came, what to do."""


class ModelError(EdgeAgentError):
    """A network that is missing, damaged, or does not fit."""


class ConfigError(EdgeAgentError):
    """A configuration that cannot be read or holds a wrong key or value."""


class SourceError(EdgeAgentError):
    """A camera, file or stream that cannot be opened or read."""


class BrokerError(EdgeAgentError):
    """A broker that cannot be reached at the start, or refuses this device."""
