-- Counts an attempt for its address. KEYS: bucket. ARGV: interval, burst. Answers how long to wait, 0 when counted.
local at = now()
local wait, full = take(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), at)
if wait == 0 then
  taken(KEYS[1], full, at)
end
return wait
