"""The two ways to fail, named as a mail server names its replies (RFC 5321, section 4.2.1).

```
LongstopError
├── Defer     4yz: this very message may succeed later; it is retried with growing delay, then dead-lettered
└── Reject    5yz: never; dead letter at once, with the reason
```

Anything else that is raised is a bug and is treated as a `Defer`.
"""


class LongstopError(Exception):
    """What Longstop raises by intention; its text may be shown to people and never quotes a mail."""


class Defer(LongstopError):  # noqa: N818 - a reply class of SMTP, not an error's name
    """Not now: try the same message again later."""


class Reject(LongstopError):  # noqa: N818 - a reply class of SMTP, not an error's name
    """Never: the message itself is wrong; its text says what would be accepted."""
