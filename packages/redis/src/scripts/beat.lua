-- Renews a lease, ends the leases of nodes that are silent, and the grace periods that are over.
-- ARGV  1 prefix  2 lease  3 ms of a lease  4 after how many ms without any beat the store itself was away
--       5 how many connections and users are looked at, at most  6 a name for the state of the store, if it has none
-- Answer: 1 if the lease is known, else 0; the state of the store; 1 if there is more to do, else 0;
--         in how many ms the next lease ends, if its node stays silent; the time of the store

local at, lease, limit = now(), ARGV[2], tonumber(ARGV[5])
local fresh = text(at + ARGV[3])
local last = tonumber(redis.call('GET', K .. 'beat') or 0)
-- No node is given up for a pause of the store.
if at - last > tonumber(ARGV[4]) then
  for _, other in ipairs(redis.call('ZRANGE', K .. 'leases', 0, -1)) do redis.call('ZADD', K .. 'leases', fresh, other) end
end
redis.call('SET', K .. 'beat', text(at))
local isKnown = redis.call('ZSCORE', K .. 'leases', lease)
if isKnown then redis.call('ZADD', K .. 'leases', fresh, lease) end

local left = limit
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', K .. 'leases', '-inf', text(at), 'LIMIT', 0, 8)) do
  if left > 0 then left = endLease(dead, at, left) end
end
local more = endGrace(at, limit) or left == 0
publishEvents()
local soonest = redis.call('ZRANGE', K .. 'leases', 0, 0, 'WITHSCORES')
local endsIn = math.max(0, (soonest[2] or at + ARGV[3]) - at)
return { isKnown and 1 or 0, storeState(ARGV[6]), more and 1 or 0, endsIn, at }
