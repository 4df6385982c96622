"""Signed updates of agent and networks: what a publisher makes, and what a device takes."""
