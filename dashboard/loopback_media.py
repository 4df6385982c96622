"""Keeps a camera's stream on this machine, where the pages are for this machine alone."""

from aioice import ice

_everywhere = ice.get_host_addresses


def _loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return ["127.0.0.1"] if use_ipv4 else []


def keep_to_loopback(kept: bool) -> None:
    """Lets WebRTC listen on 127.0.0.1 alone, or on every address of this machine.

    aioice has no setting for it, and leaves loopback out of what it finds by itself.
    """
    ice.get_host_addresses = _loopback if kept else _everywhere
