"""Why a release cannot be published or taken."""


class UpdateError(Exception):
    """One sentence: what was expected, what came, what to change."""
