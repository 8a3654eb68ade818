-- Reads the leases that no beat has ended. After a pause of the store the first beat renews those whose time is over.
-- ARGV  1 prefix
-- Answer: the leases

return redis.call('ZRANGE', K .. 'leases', 0, -1)
