"""Measures how fast each page opens with a school's year in the store."""
