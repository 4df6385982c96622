"""The commands of ``python -m dashboard``, each in a file: its options, and what it does."""
