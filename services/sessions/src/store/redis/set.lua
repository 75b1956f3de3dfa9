-- Sets a key, also where Redis is full: of a script's writes it refuses only the first there, if that may take memory.
local function set(key, value, life)
  redis.call('DEL', key)
  redis.call('SET', key, value, 'PX', life)
end

-- Writes something that nobody reads. Replicas acknowledge what was written on a connection and all before it, and from
-- Redis 7.2 on at once where nothing was.
local function mark(key)
  set(key, '', '1000')
end
