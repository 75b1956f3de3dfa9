-- A token bucket, kept as the time at which it is full again.

-- How long until there is one to take, and when the bucket is full again once it is taken.
local function take(key, interval, burst, at)
  local full = math.max(tonumber(redis.call('GET', key) or '0'), at)
  return math.max(full - at - interval * (burst - 1), 0), full + interval
end

local function taken(key, full, at)
  redis.call('SET', key, text(full), 'PX', text(full - at))
end

-- Puts one back.
local function put_back(key, interval, at)
  local full = tonumber(redis.call('GET', key) or '0') - interval
  if full > at then
    taken(key, full, at)
  else
    redis.call('DEL', key)
  end
end
