"""One command, or one family of commands, a file."""
