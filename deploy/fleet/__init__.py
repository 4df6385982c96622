"""Thousands of simulated devices, and what became of their windows."""
