"""Numbers with their nouns: one mail, two mails."""


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 mail`, `2 mails`; `things` where the plural is not the word with an s."""
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"
