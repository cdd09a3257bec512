"""People's pages over HTTP. GET and HEAD show, POST asks."""
