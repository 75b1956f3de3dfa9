-- Ends a session of an account. KEYS: session, account's index. ARGV: id, bucket's mark. Answers whether there was one.
-- The index tells whose it is: two accounts may share a hash tag.
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then
  mark(ARGV[2])
  return 0
end
return redis.call('DEL', KEYS[1])
