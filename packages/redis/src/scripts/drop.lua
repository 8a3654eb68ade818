-- Ends the leases of a node that are earlier than one, or all: what was not declared under that one is gone.
-- ARGV  1 prefix  2 node  3 number of the lease that stays, or infinity  4 how many connections at most
-- Answer: 1 if there is more to do, else 0

local at, limit = now(), tonumber(ARGV[4])
for _, lease in ipairs(redis.call('SMEMBERS', K .. 'leases-of:' .. ARGV[2])) do
  local number = tonumber(string.match(lease, '(%d+)$'))
  if number < tonumber(ARGV[3]) and limit > 0 then limit = endLease(lease, at, limit) end
end
publishEvents()
return limit <= 0 and 1 or 0
