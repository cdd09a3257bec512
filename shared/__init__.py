"""What every service stands on: events, work, bus, blobs, mail. Knows no service."""
