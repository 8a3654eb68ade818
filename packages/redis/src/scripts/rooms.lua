-- Stores or removes a room that the server gave to a client, or reads all of these rooms.
-- ARGV  1 prefix  2 user  3 client, or '' to take the room from every client of the user  4 'give', 'take' or 'read'  5 the room
-- Answer: the rooms for 'read', else nothing

local user, client, change, room = ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function take(from)
  local _, _, rooms = recordKeys(user, from)
  redis.call('SREM', rooms, room)
  if redis.call('EXISTS', rooms) == 0 then takeRooms(user, from) end
end

if client == '' then
  for _, each in ipairs(redis.call('ZRANGE', K .. 'holders:' .. user, 0, -1)) do take(each) end
  return
end
if change == 'give' then
  giveRooms(user, client, { room })
  return
end
local answer = nil
if change == 'take' then
  take(client)
else
  local _, _, rooms = recordKeys(user, client)
  answer = redis.call('SMEMBERS', rooms)
end
keepRecordOfClient(user, client)
return answer
