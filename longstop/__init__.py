"""The command line `longstop`: starts the services, and talks to them as any other program would."""
