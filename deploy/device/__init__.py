"""What a classroom's device gets: its locked packages, a bundle to install, a Debian package."""
