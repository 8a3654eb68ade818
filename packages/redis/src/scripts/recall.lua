-- Whether everything is known that a client has had done. A client that hears no is told so.
-- ARGV  1 prefix  2 user  3 client
-- Answer: 1 or 0

local record = recordKeys(ARGV[2], ARGV[3])
if memoryOf(record) == 'whole' then return 1 end
redis.call('HSET', record, 'memory', 'told')
keepRecordOfClient(ARGV[2], ARGV[3])
return 0
