-- Ends all earlier leases of a node, or all of its leases, with the connections that were not declared again.
-- ARGV  1 prefix  2 node  3 number of the lease that stays, or infinity  4 the most connections to remove
-- Answer: 1 if more connections remain, else 0

local at, limit = now(), tonumber(ARGV[4])
for _, lease in ipairs(redis.call('SMEMBERS', K .. 'leases-of:' .. ARGV[2])) do
  local number = tonumber(string.match(lease, '(%d+)$'))
  if number < tonumber(ARGV[3]) and limit > 0 then limit = endLease(lease, at, limit) end
end
publishEvents()
return limit <= 0 and 1 or 0
