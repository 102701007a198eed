"""What must happen in Redis in one step. KEYS[1]: hash of address → ``<expiry in ms> <instance>``."""

_NOW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function holder(value)
  if not value then return nil end
  local expiry, instance = string.match(value, '^(%d+) (.*)$')
  if tonumber(expiry) < now then return nil end
  return instance
end
"""

CLAIM = (
    _NOW
    + """
-- address, instance, time to live in ms, channel
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now + ARGV[3], ARGV[2]))
redis.call('PUBLISH', ARGV[4], ARGV[1])
"""
)

RELEASE = (
    _NOW
    + """
-- address, instance, channel
if holder(redis.call('HGET', KEYS[1], ARGV[1])) == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('PUBLISH', ARGV[3], ARGV[1])
end
"""
)

BEAT = (
    _NOW
    + """
-- instance, time to live in ms, addresses… -> address, instance, address, instance…
for i = 3, #ARGV do
  local held = holder(redis.call('HGET', KEYS[1], ARGV[i]))
  if held == nil or held == ARGV[1] then
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%.0f %s', now + ARGV[2], ARGV[1]))
  end
end
local up = {}
local table_now = redis.call('HGETALL', KEYS[1])
for i = 1, #table_now, 2 do
  local held = holder(table_now[i + 1])
  if held then
    up[#up + 1] = table_now[i]
    up[#up + 1] = held
  else
    redis.call('HDEL', KEYS[1], table_now[i])
  end
end
return up
"""
)

ASK = (
    _NOW
    + """
-- address, letter, prefix of inboxes -> instance that got it, or nil
local held = holder(redis.call('HGET', KEYS[1], ARGV[1]))
if held and redis.call('PUBLISH', ARGV[3] .. held, ARGV[2]) > 0 then return held end
return nil
"""
)
