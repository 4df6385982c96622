"""The authority that a school keeps: who is let in, and for how long."""
