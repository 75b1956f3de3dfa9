-- Counts an attempt for its account and address. KEYS: account's bucket, failures of the pair, mark of the known pair.
-- ARGV: interval, burst, free attempts, first delay, longest delay, life of failures.
-- Answers how long to wait, 0 when counted; what has to wait is counted nowhere.
local interval, burst, free, first, longest, life =
  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local at = now()

local count, due = failures(KEYS[2])
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
local pause = delay(count, free, first, longest)
redis.call('SET', KEYS[2], text(count) .. ':' .. text(at + pause), 'PX', text(pause + life))
return 0
