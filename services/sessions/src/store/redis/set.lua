-- Sets a key, also where Redis is full: of a script's writes it refuses only the first there, if that may take memory.
local function set(key, value, life)
  redis.call('DEL', key)
  redis.call('SET', key, value, 'PX', life)
end
