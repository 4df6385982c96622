"""What turns a fresh card into a room, without a keyboard."""
