"""Many commands in one go, packed by hiredis: redis-py packs in Python, which costs more than all else about an XADD."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

#: Longest wait for all answers together, in seconds.
ANSWERS_MAX_S = 15.0


async def send_packed(redis: Redis, commands: Sequence[tuple[str, ...]]) -> list[Any]:
    """Send commands and give their answers in order; an error of one is its answer.

    Raises:
        RedisError: the connection broke; some commands may have been executed.
        OSError: the same.
    """
    pool: Any = redis.connection_pool  # redis-py types it in part
    pack: Any = hiredis.pack_command
    connection = await pool.get_connection()
    answers: list[Any] = []
    try:
        async with asyncio.timeout(ANSWERS_MAX_S):
            await connection.send_packed_command(map(pack, commands))
            for _ in commands:
                try:
                    answers.append(await connection.read_response(timeout=math.inf))
                except ResponseError as error:
                    answers.append(error)
    except BaseException:
        await connection.disconnect(nowait=True)  # what is still to come belongs to nobody
        raise
    finally:
        await pool.release(connection)
    return answers
