-- Forgets the failures of a pair. KEYS: failures of the pair, mark of the known pair.
-- ARGV: how long the pair is known, or nothing when it cannot be.
redis.call('DEL', KEYS[1])
if ARGV[1] ~= '' then
  redis.call('SET', KEYS[2], '', 'PX', ARGV[1])
end
return 0
