-- Takes back an attempt of an account and an address. KEYS: account's bucket, failures of the pair, mark of the known pair.
-- ARGV: interval, free attempts, first delay, longest delay.
local interval, free, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local at = now()
if redis.call('EXISTS', KEYS[3]) == 0 then
  put_back(KEYS[1], interval, at)
end
local count, due = failures(KEYS[2])
if count > 1 then
  count = count - 1
  due = math.min(due, at + delay(count, free, first, longest))
  redis.call('SET', KEYS[2], text(count) .. ':' .. text(due), 'KEEPTTL')
else
  redis.call('DEL', KEYS[2])
end
return 0
