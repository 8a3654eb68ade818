-- Whether everything is known that a client has had done. A client that hears no is told so.
-- ARGV  1 prefix  2 user  3 client  4 the connection whose welcome says so
-- Answer: 1 or 0

local record = recordKeys(ARGV[2], ARGV[3])
if memoryOf(record) == 'whole' then return 1 end
redis.call('HSET', record, 'told', ARGV[4])
keepRecordOfClient(ARGV[2], ARGV[3])
return 0
