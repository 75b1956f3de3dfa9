-- Keeps a new session. KEYS: session, account's index, account's floor.
-- ARGV: id, record, end, epoch, created, absolute end, sessions per account, key of a session without its id.
-- Answers the ids ended for it, or nothing when the epoch is below the floor.
-- The keys of the account's other sessions are not among KEYS, but have the same hash tag.
local id, record, ends, epoch, created, absolute, most, session =
  ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]

if epoch < tonumber(redis.call('GET', KEYS[3]) or '0') then
  return false
end

for _, other in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if redis.call('EXISTS', session .. other) == 0 then
    redis.call('ZREM', KEYS[2], other)
  end
end

local evicted = {}
local excess = redis.call('ZCARD', KEYS[2]) - most + 1
if excess > 0 then
  evicted = redis.call('ZRANGE', KEYS[2], 0, excess - 1)
  for _, oldest in ipairs(evicted) do
    redis.call('DEL', session .. oldest)
    redis.call('ZREM', KEYS[2], oldest)
  end
end

redis.call('SET', KEYS[1], record, 'PXAT', ends)
redis.call('ZADD', KEYS[2], created, id)
-- The index lives as long as any session in it can.
local life = absolute - now()
if redis.call('PTTL', KEYS[2]) < life then
  redis.call('PEXPIRE', KEYS[2], text(life))
end
return evicted
