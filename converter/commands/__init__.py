"""The commands of ``python -m converter``, each in a file: its options, and what it does."""
