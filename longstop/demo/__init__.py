"""`longstop demo`: plays mails through every door of a Longstop of its own and shows what became of them."""
