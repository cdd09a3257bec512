"""How far a case has spread. Pure."""

#: People who are counted in one case, besides those who report: more of them change nothing that anybody does.
COUNTED_MAX = 1_000

#: A number of people is told again when it has grown by one in so many, so that a campaign is a few dozen events.
NEWS_IN = 10


def is_news(*, told: int, now: int, reporters: int) -> bool:
    """Whether a number of people is worth telling: it is not only those who reported, and a tenth more than was told."""
    return now > reporters and now * NEWS_IN >= told * (NEWS_IN + 1) and now > told
