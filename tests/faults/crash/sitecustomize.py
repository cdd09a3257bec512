"""Loaded by a child process under test, never by the product: ends it at a named point, or breaks one of its promises.

`LONGSTOP_TEST_CRASH=module:Class.method:before|after:N` ends the process as SIGKILL would at the N-th call.
`LONGSTOP_TEST_MUTANT=name` takes a promise away, to show that the ledger would see it.
"""

import importlib
import importlib.abc
import importlib.util
import inspect
import os
import sys
from functools import wraps


def crash(module, path, when, number):
    owner = module
    *classes, name = path.split(".")
    for one in classes:
        owner = getattr(owner, one)
    real = getattr(owner, name)
    calls = [0]

    def count(moment):
        if moment == when:
            calls[0] += 1
            if calls[0] == number:
                os._exit(137)

    if inspect.iscoroutinefunction(real):

        @wraps(real)
        async def wrapped(*args, **kwargs):
            count("before")
            result = await real(*args, **kwargs)
            count("after")
            return result
    else:

        @wraps(real)
        def wrapped(*args, **kwargs):
            count("before")
            result = real(*args, **kwargs)
            count("after")
            return result

    setattr(owner, name, wrapped)


def acknowledge_first(module):
    """Ack, then work: what most examples do. The process dies in between."""
    real = module.Bus._settle
    calls = [0]

    async def settle(self, stream, entries):
        await self._client.xack(stream, self._group, *[entry_id for entry_id, _, _ in entries])
        calls[0] += 1
        if calls[0] == 2:
            os._exit(137)
        return await real(self, stream, entries)

    module.Bus._settle = settle


def group_at_end(module):
    async def create(redis, group, streams):
        for stream in streams:
            try:
                await redis.xgroup_create(stream, group, id="$", mkstream=True)
            except module.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    module.create_groups = create


def no_receipts(module):
    module.Work.take_in = lambda self, receipts: set(receipts)


MUTANTS = {
    "ack-first": ("shared.bus.reader", acknowledge_first),
    "group-at-end": ("shared.bus.client", group_at_end),
    "no-receipts": ("shared.work", no_receipts),
}


class Finder(importlib.abc.MetaPathFinder):
    """Changes one module right after it was loaded."""

    def __init__(self, name, change):
        self.name, self.change = name, change

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        real = spec.loader.exec_module

        def exec_module(module):
            real(module)
            self.change(module)

        spec.loader.exec_module = exec_module
        return spec


if point := os.environ.get("LONGSTOP_TEST_CRASH"):
    module_name, where, moment, count = point.split(":")
    sys.meta_path.insert(0, Finder(module_name, lambda module: crash(module, where, moment, int(count))))
if mutant := os.environ.get("LONGSTOP_TEST_MUTANT"):
    sys.meta_path.insert(0, Finder(*MUTANTS[mutant]))
