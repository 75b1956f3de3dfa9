-- The time in milliseconds.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A number as text: Lua's own spelling of a large one has an exponent.
local function text(number)
  return string.format('%.0f', number)
end
