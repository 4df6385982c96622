"""Measures broker, recorder and fleet, and writes the document about it."""
