"""The pictures of docs/images: a Longstop of its own, filled with mails of ours at a fixed hour, looked at in Chromium (`make images`)."""
