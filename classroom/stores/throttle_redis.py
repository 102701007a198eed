"""The throttle's numbers in Redis, for several gateways. Each method is one script, hence atomic.

The rules are those of ``throttle``; one contract suite holds both back-ends to them. Losing Redis
loses counts, never accounts. Keys expire by themselves.
"""
# ruff: noqa: ARG002 (each event carries all its facts; a back-end uses those it needs)

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from classroom.stores import throttle as rules
from classroom.stores.port import Unavailable

_TRY_LATER = """
local now, debt, every = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local free, first, longest, memory = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local known = redis.call('HMGET', KEYS[1], 'count', 'closed_until', 'last_at')
local count, closed_until, last_at = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or 0)
local paid_at = tonumber(redis.call('GET', KEYS[2]) or 0)
local wait = math.max(0, closed_until - now, paid_at + every - debt - now)
if wait > 0 then return wait end
if now - last_at > memory then count = 1 else count = count + 1 end
local delay = 0
if count >= free then delay = math.min(longest, first * 2 ^ math.min(count - free, 20)) end
redis.call('HSET', KEYS[1], 'count', string.format('%d', count),
    'closed_until', string.format('%d', now + delay), 'last_at', string.format('%d', now))
redis.call('PEXPIRE', KEYS[1], memory + 1)
return 0
"""
_FAILED = """
local now, debt, every = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local paid_at = tonumber(redis.call('GET', KEYS[1]) or 0)
paid_at = math.min(math.max(paid_at, now) + every, now + debt)
redis.call('SET', KEYS[1], string.format('%d', paid_at), 'PX', paid_at - now)
return 0
"""
_ABANDONED = """
local count = tonumber(redis.call('HGET', KEYS[1], 'count') or 0)
if count > 0 then
    redis.call('HSET', KEYS[1], 'count', string.format('%d', count - 1), 'closed_until', '0')
end
return 0
"""


class RedisThrottle:
    """Owns its connection. Raises Unavailable when Redis does not answer."""

    def __init__(self, url: str, prefix: str = "classroom:throttle:") -> None:
        self._redis: Redis = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
        self._prefix = prefix
        self._try_later = self._redis.register_script(_TRY_LATER)
        self._failed = self._redis.register_script(_FAILED)
        self._abandoned = self._redis.register_script(_ABANDONED)

    async def try_later(self, username: str, address: str, now: int) -> int | None:
        keys = [self._account(username), self._address(address)]
        wait = await self._run(
            self._try_later,
            keys,
            now,
            rules.ADDRESS_DEBT_MS,
            rules.ADDRESS_EVERY_MS,
            rules.FREE_FAILURES,
            rules.FIRST_DELAY_MS,
            rules.LONGEST_DELAY_MS,
            rules.ACCOUNT_MEMORY_MS,
        )
        return wait or None

    async def failed(self, username: str, address: str, now: int) -> None:
        keys = [self._address(address)]
        await self._run(self._failed, keys, now, rules.ADDRESS_DEBT_MS, rules.ADDRESS_EVERY_MS)

    async def succeeded(self, username: str, address: str, now: int) -> None:
        try:
            await self._redis.delete(self._account(username))
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis: {error}") from error

    async def abandoned(self, username: str, address: str, now: int) -> None:
        await self._run(self._abandoned, [self._account(username)])

    async def close(self) -> None:
        await self._redis.aclose()

    async def _run(self, script: Any, keys: list[str], *arguments: int) -> int:
        try:
            return int(await script(keys=keys, args=list(arguments)))
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis: {error}") from error

    def _account(self, username: str) -> str:
        return f"{self._prefix}account:{rules.account_key(username)}"

    def _address(self, address: str) -> str:
        return f"{self._prefix}address:{rules.address_key(address)}"
