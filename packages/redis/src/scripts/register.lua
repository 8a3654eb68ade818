-- Takes a node in under a new lease. What its earlier leases hold stays until drop.lua.
-- Only beats say that the store was never away: a node that comes first after a pause must not hide it from the others.
-- ARGV  1 prefix  2 node  3 lease  4 ms of a lease  5 a name for the state of the store, if it has none
-- Answer: the state of the store

local at = now()
redis.call('ZADD', K .. 'leases', text(at + ARGV[4]), ARGV[3])
redis.call('HSET', K .. 'nodes', ARGV[2], ARGV[3])
redis.call('SADD', K .. 'leases-of:' .. ARGV[2], ARGV[3])
return storeState(ARGV[5])
