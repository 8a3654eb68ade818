-- Begins, publishes and settles in one step a send whose only effect is one stored message.
-- KEYS  1 epoch  2 channel (hash)  3 log (stream)
-- ARGV  1 prefix  2 user  3 client  4 its number  5 digest  6 node  7 claim  8 the result before the offset, and 9 after it
--       10 data  11 messages, 12 bytes and 13 ms of the history  14 pub/sub channel  15 time that the channel is stored, ms
--       16 id of the call, which becomes the epoch if there is none  17 the connection, or ''
--       18 '1' if the send may have run before  19 the most records of clients of a user, as in begin.lua
-- Answer: epoch; offset. Nil if the send was begun before, is out of order, or may have run and the results of the client were lost:
--         begin.lua then answers its state

local user, client, number = ARGV[2], ARGV[3], ARGV[4]
local record = recordKeys(user, client)
local field, seq = 'send ' .. number, tonumber(number)
local memory, isNew = noteBegin(record, ARGV[17])
local stored = redis.call('HMGET', record, field, 'last')
local last = tonumber(stored[2] or 0)
if stored[1] or (last ~= 0 and seq ~= last + 1) then return false end
if memory == 'partial' and ARGV[18] == '1' then return false end
countClient(user, client, tonumber(ARGV[19]))

local epoch, offset, finish = append({
  data = ARGV[10], messages = ARGV[11], bytes = ARGV[12], ms = ARGV[13], topic = ARGV[14], keptMs = ARGV[15], call = ARGV[16],
})
local result = ARGV[8] .. offset .. ARGV[9]
redis.call('HSET', record, field, ARGV[5] .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. result, 'last', number)
redis.call('HDEL', record, 'send ' .. text(seq - 32))
keepUsedRecord(user, client, record, isNew)
finish()
return { epoch, offset }
