-- Counts an attempt for its account and address. KEYS: account's bucket, failures of the pair, mark of the known pair.
-- ARGV: interval, burst, free attempts, first delay, longest delay, life of failures.
-- Answers how long to wait, 0 when counted; what has to wait is counted nowhere.
local interval, burst, free, first, longest, life =
  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local at = now()

local count, due = 0, 0
local failures = redis.call('GET', KEYS[2])
if failures then
  local colon = string.find(failures, ':', 1, true)
  count, due = tonumber(string.sub(failures, 1, colon - 1)), tonumber(string.sub(failures, colon + 1))
end
local known = redis.call('EXISTS', KEYS[3]) == 1
local wait, full = 0, 0
if not known then
  wait, full = take(KEYS[1], interval, burst, at)
end
wait = math.max(wait, due - at)
if wait > 0 then
  return wait
end

if not known then
  taken(KEYS[1], full, at)
end
count = count + 1
local delay = 0
if count >= free then
  -- Doubled without end it would be infinite, and nothing times that is no number. No delay is as long as 2 ^ 32 ms.
  delay = math.min(first * 2 ^ math.min(count - free, 32), longest)
end
redis.call('SET', KEYS[2], text(count) .. ':' .. text(at + delay), 'PX', text(delay + life))
return 0
