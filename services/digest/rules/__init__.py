"""What digest decides, pure: where a copy stands and what may follow, which policy binds it, what it is found by."""
