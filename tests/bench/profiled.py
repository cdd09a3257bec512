"""A service under the profiler, every thread of it, by processor time: `python -m tests.bench.profiled NAME FILE`."""

import cProfile
import pstats
import sys
import threading
import time
from typing import Any

from longstop.services import service
from shared.run import serve

profiles: list[cProfile.Profile] = []


def profile_thread(*_: Any) -> None:
    """The first event of a new thread puts a profiler of its own in the hook's place."""
    profile = cProfile.Profile(time.thread_time)
    profiles.append(profile)
    profile.enable()


def main(name: str, path: str) -> int:
    """Run the service until SIGTERM, then write what all threads did."""
    threading.setprofile(profile_thread)
    profile_thread()
    code = serve(service(name))
    for profile in profiles:
        profile.disable()
    whole = pstats.Stats(profiles[0])
    for profile in profiles[1:]:
        whole.add(profile)
    whole.dump_stats(path)
    return code


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
