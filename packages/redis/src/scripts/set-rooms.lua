-- Replaces the given rooms of clients by those that their node knows, because the store may have lost changes of them.
-- ARGV  1 prefix  2 the clients, as JSON: user, client, connectionId and rooms of each

for _, each in ipairs(cjson.decode(ARGV[2])) do
  local user, client = each.user, each.client
  local _, _, rooms = recordKeys(user, client)
  local slot = redis.call('HGET', K .. 'slots:' .. user, client)
  local open = slot and cjson.decode(slot).o
  -- If another connection of the client is open, its node knows the rooms.
  if not (open and open.id ~= each.connectionId) then
    if redis.call('EXISTS', rooms) == 1 then takeRooms(user, client) end
    if #each.rooms > 0 then giveRooms(user, client, each.rooms) end
  end
end
