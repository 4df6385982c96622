"""A day of the agent in an hour, with everything that can go wrong in it."""
