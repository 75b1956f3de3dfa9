-- Tells the ends of sessions to who listens. KEYS: feed. ARGV: how many are kept, then each end.
-- They are numbered one by one, so that who has missed any notices.
-- Trimmed first: a Redis that is full refuses a script's first write if it may take memory, which this may not.
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[1])
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local number = last and tonumber(last[2][2]) or 0
for each = 2, #ARGV do
  number = number + 1
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'n', text(number), 'e', ARGV[each])
end
return 0
