"""What AWS refuses."""


class AwsError(Exception):
    """One sentence: what was expected, what came, what to change."""
