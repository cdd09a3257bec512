"""How Python itself is set for a process that runs for weeks."""

import gc
import sys

#: Longest turn of a thread that computes, as in an import, in seconds: every step of an answer may have to wait for one. With Python's own 5 ms
#: nine of ten answers over a socket beside such a thread took up to 13 ms, with this 1.6 ms, and the thread got as much done.
TURN_S = 0.0005


def spare_collector() -> None:
    """Let the garbage collector leave alone what was made at start, and look less often at what comes and goes.

    A batch makes tens of thousands of objects and drops them; walking through all modules for them cost a third of all time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def take_short_turns() -> None:
    """Have threads that compute let others go on sooner."""
    sys.setswitchinterval(TURN_S)
