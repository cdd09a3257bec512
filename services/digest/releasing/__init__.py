"""Held mail on its way back: handed to the gateway once, learned as ham by its filter, or expired."""
