"""What portal decides, pure: what may be done with a copy, who looks like a program, what cannot be seen."""
