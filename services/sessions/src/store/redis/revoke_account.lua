-- Ends sessions of an account, or none where it has no session to keep. KEYS: account's index, account's floor.
-- ARGV: id to keep, epoch or nothing, life of the floor, key of a session without its id, bucket's mark.
-- Answers the ids that were ended, or nothing when the one to keep is not there.
local except, life, session, unread = ARGV[1], ARGV[3], ARGV[4], ARGV[5]

local ids = redis.call('ZRANGE', KEYS[1], 0, -1)
local kept = except == ''
for _, id in ipairs(ids) do
  kept = kept or id == except and redis.call('EXISTS', session .. id) == 1
end
if not kept then
  mark(unread)
  return false
end

local floor
if ARGV[2] ~= '' then
  floor = math.max(tonumber(ARGV[2]), tonumber(redis.call('GET', KEYS[2]) or '0'))
  set(KEYS[2], text(floor), life)
end

local ended = {}
for _, id in ipairs(ids) do
  local record = redis.call('GET', session .. id)
  if not record then
    redis.call('ZREM', KEYS[1], id)
  -- A record begins with a byte of version and six of epoch.
  elseif id ~= except and (not floor or struct.unpack('>I6', record, 2) < floor) then
    redis.call('DEL', session .. id)
    redis.call('ZREM', KEYS[1], id)
    ended[#ended + 1] = id
  end
end
if not floor and #ended == 0 then
  mark(unread)
end
return ended
