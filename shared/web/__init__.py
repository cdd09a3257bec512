"""The HTTP side of every service: health, metrics, problem objects, doors with a token, and a server with patience."""

from shared.web.answering import BODY_MAX, RETRY_AFTER_S, Problem, problem, service_app
from shared.web.documents import PROBLEMS
from shared.web.doors import bearer, same_site
from shared.web.serving import HttpServer, listen

__all__ = [
    "BODY_MAX",
    "PROBLEMS",
    "RETRY_AFTER_S",
    "HttpServer",
    "Problem",
    "bearer",
    "listen",
    "problem",
    "same_site",
    "service_app",
]
