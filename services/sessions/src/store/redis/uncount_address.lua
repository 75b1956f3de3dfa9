-- Takes an attempt back. KEYS: bucket. ARGV: interval.
local at = now()
local full = tonumber(redis.call('GET', KEYS[1]) or '0') - tonumber(ARGV[1])
if full > at then
  taken(KEYS[1], full, at)
else
  redis.call('DEL', KEYS[1])
end
return 0
