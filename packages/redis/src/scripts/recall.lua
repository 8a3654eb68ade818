-- Reads the operations that a client has begun. If some of them were lost, the welcome of this connection tells the client so.
-- ARGV  1 prefix  2 user  3 client  4 the connection
-- Answer: the number of the newest send, or '0', and the ids of the requests; nil if some operations were lost

local record = recordKeys(ARGV[2], ARGV[3])
if memoryOf(record) == 'partial' then
  redis.call('HSET', record, 'told', ARGV[4])
  keepRecordOfClient(ARGV[2], ARGV[3])
  return false
end
local begun = { redis.call('HGET', record, 'last') or '0' }
local fields = redis.call('HGETALL', record)
for n = 1, #fields, 2 do
  local id = string.match(fields[n], '^request (.*)$')
  if id then begun[#begun + 1] = id end
end
return begun
