-- Reserves a slot for a connection that is about to open, or answers why the connection may not open.
-- ARGV  1 prefix  2 the request, as JSON  3 hash of its session, or ''
-- Answer: 'admitted' and the ids of the connections that it replaces; 'limit'; 'superseded'; 'revoked' and the close code

local at, request = now(), cjson.decode(ARGV[2])
local user, client, id, attempt = request.user, request.client, request.connectionId, request.attempt

local mark = ARGV[3] ~= '' and redis.call('GET', K .. 'mark:s' .. ARGV[3])
if mark then return { 'revoked', cjson.decode(mark).code } end
mark = redis.call('GET', K .. 'mark:u' .. user)
if mark and request.authenticatedAt then
  mark = cjson.decode(mark)
  if request.authenticatedAt < mark.notBefore then return { 'revoked', mark.code } end
end

local slots = readSlots(user, at)
local own, former, others = nil, nil, 0
for name, slot in pairs(slots) do
  -- A connection that gets a client id by its hello is open already, and must not count twice.
  if slot.o and slot.o.id == id then
    own = slot.o
    if name ~= client then former, slots[name] = name, nil end
  end
end
for _ in pairs(slots) do others = others + 1 end
local slot = slots[client]
if slot and attempt < attemptOf(slot) then return { 'superseded' } end
local isFull = request.limit < 1 or (request.policy == 'reject' and others >= request.limit)
if not slot and isFull then return { 'limit' } end

local answer = { 'admitted' }
if slot then
  if slot.o and slot.o.id ~= id then answer[#answer + 1] = slot.o.id end
  if slot.r and slot.r.id ~= id then answer[#answer + 1] = slot.r.id end
end
if request.isProbe then return answer end
if former then keepRecord(user, former, false) end
if not slot then
  slot = {}
  slots[client] = slot
end
if attempt == 1 then
  -- The record begins with the first connection of the client, so it will have all operations of the client.
  local record = recordKeys(user, client)
  if redis.call('EXISTS', record) == 0 then
    redis.call('HSET', record, 'memory', 'whole', 'incarnation', incarnation())
  end
  keepRecord(user, client, own ~= nil or slot.o ~= nil)
end
if own then
  slot.o, slot.r = { id = id, lease = own.lease, attempt = attempt, at = own.at }, nil
else
  slot.r = { id = id, attempt = attempt, at = at, limit = request.limit }
end
writeSlots(user, slots)
return answer
