"""Pure decisions of the console: where things stand, what a line says, and how a stranger's text may be shown."""
