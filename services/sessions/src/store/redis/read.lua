-- Finds a session. KEYS: session. Answers its record, if any, and the time.
return {redis.call('GET', KEYS[1]), now()}
