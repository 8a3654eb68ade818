-- Reads the leases that have not ended.
-- ARGV  1 prefix
-- Answer: the leases

return redis.call('ZRANGEBYSCORE', K .. 'leases', '(' .. text(now()), '+inf')
