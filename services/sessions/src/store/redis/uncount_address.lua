-- Takes an attempt back. KEYS: bucket. ARGV: interval.
put_back(KEYS[1], tonumber(ARGV[1]), now())
return 0
