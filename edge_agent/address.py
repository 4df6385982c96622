"""Addresses of streams, fit for a log."""


def without_login(url: str) -> str:
    """The address without user, password and query."""
    scheme, _, rest = url.partition("://")
    # A password may hold any sign, so all up to the last @ goes.
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
