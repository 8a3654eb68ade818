-- Renews a lease, and ends the leases of nodes without beats and the grace periods that are over.
-- ARGV  1 prefix  2 lease  3 duration of a lease, ms  4 time without any beat after which the store counts as away, ms
--       5 the most connections and users to check  6 the name of the state of the store, if the store has none
-- Answer: 1 if the lease is known, else 0; the state of the store; 1 if more leases or grace periods are over, else 0;
--         the time until the next lease ends without a beat, ms; the time of the store, ms

local at, lease, limit = now(), ARGV[2], tonumber(ARGV[5])
local fresh = text(at + ARGV[3])
local passed, pause = at - tonumber(redis.call('GET', K .. 'beat') or 0), tonumber(ARGV[4])
-- After a pause of the store every lease is renewed, so that no node is given up for the pause. The same where the clock of the store
-- was set back, after which a lease would last for longer.
if math.abs(passed) > pause then
  for _, other in ipairs(redis.call('ZRANGE', K .. 'leases', 0, -1)) do redis.call('ZADD', K .. 'leases', fresh, other) end
end
if passed < -pause then
  local grace = redis.call('ZRANGE', K .. 'grace', 0, -1, 'WITHSCORES')
  for n = 1, #grace, 2 do redis.call('ZADD', K .. 'grace', text(grace[n + 1] + passed), grace[n]) end
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
