"""Measures how soon a page shows what a device publishes, and what many viewers cost."""
