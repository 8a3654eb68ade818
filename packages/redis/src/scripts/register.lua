-- Gives a node a new lease. The connections of its earlier leases stay until drop.lua.
-- Does not count as a beat: the first beat after a pause of the store must notice the pause.
-- ARGV  1 prefix  2 node  3 lease  4 duration of a lease, ms  5 the name of the state of the store, if the store has none
-- Answer: the state of the store

local at = now()
redis.call('ZADD', K .. 'leases', text(at + ARGV[4]), ARGV[3])
redis.call('HSET', K .. 'nodes', ARGV[2], ARGV[3])
redis.call('SADD', K .. 'leases-of:' .. ARGV[2], ARGV[3])
return storeState(ARGV[5])
