"""Who may look at the pages: accounts, passwords, sessions, and the guard before every page."""
