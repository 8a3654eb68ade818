-- Remembers or forgets a room that the server gave to a client, or reads all of them.
-- ARGV  1 prefix  2 user  3 client  4 'give', 'take' or 'read'  5 the room
-- Answer: for 'read' the rooms

local _, _, rooms = recordKeys(ARGV[2], ARGV[3])
if ARGV[4] == 'give' then
  giveRooms(ARGV[2], ARGV[3], { ARGV[5] })
  return
end
local answer = nil
if ARGV[4] == 'take' then
  redis.call('SREM', rooms, ARGV[5])
  if redis.call('EXISTS', rooms) == 0 then takeRooms(ARGV[2], ARGV[3]) end
else
  answer = redis.call('SMEMBERS', rooms)
end
keepRecordOfClient(ARGV[2], ARGV[3])
return answer
