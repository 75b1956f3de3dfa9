-- Replaces a session that is still as expected. KEYS: session. ARGV: expected record, new record, end.
-- Answers whether it was. What is compared is stored here anyway: there is no secret to be timed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1
