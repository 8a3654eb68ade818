-- Makes the rooms of clients what their node knows, where the store may have lost that some were given or taken.
-- ARGV  1 prefix  2 the clients, as JSON: user, client and connectionId of each, and its rooms

for _, each in ipairs(cjson.decode(ARGV[2])) do
  local user, client = each.user, each.client
  local _, _, rooms = recordKeys(user, client)
  local slot = redis.call('HGET', K .. 'slots:' .. user, client)
  local open = slot and cjson.decode(slot).o
  -- The node of a newer connection of the client knows better.
  if not (open and open.id ~= each.connectionId) then
    if redis.call('EXISTS', rooms) == 1 then takeRooms(user, client) end
    if #each.rooms > 0 then giveRooms(user, client, each.rooms) end
  end
end
