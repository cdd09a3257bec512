"""Pure decisions about purges."""
