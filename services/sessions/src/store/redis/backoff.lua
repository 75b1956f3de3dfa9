-- Failures of a pair, kept as their number and the time of the next attempt: `5:1767225600000`.

local function failures(key)
  local kept = redis.call('GET', key)
  if not kept then
    return 0, 0
  end
  local colon = string.find(kept, ':', 1, true)
  return tonumber(string.sub(kept, 1, colon - 1)), tonumber(string.sub(kept, colon + 1))
end

-- How long to wait after so many.
local function delay(count, free, first, longest)
  if count < free then
    return 0
  end
  -- Doubled without end it would be infinite, and nothing times that is no number. No delay is as long as 2 ^ 32 ms.
  return math.min(first * 2 ^ math.min(count - free, 32), longest)
end
