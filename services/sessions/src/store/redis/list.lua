-- Lists the sessions of an account, newest first. KEYS: account's index. ARGV: key of a session without its id.
-- Answers id, record, id, record.
local sessions = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1, 'REV')) do
  local record = redis.call('GET', ARGV[1] .. id)
  if record then
    sessions[#sessions + 1] = id
    sessions[#sessions + 1] = record
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return sessions
