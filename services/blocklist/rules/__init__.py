"""The pure decisions of the block list: forms of values, guards, terms, precedence, fields of the gateway's hash."""
