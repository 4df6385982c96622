"""The device's side: a small program of its own, which systemd starts now and then."""
