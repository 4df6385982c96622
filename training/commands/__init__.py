"""The commands of ``python -m training``, each in a file: its options, and what it does."""
