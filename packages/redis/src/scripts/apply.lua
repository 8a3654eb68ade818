-- Applies a batch of presence operations of a node, in order, and opens and frees the slots of its connections.
-- ARGV  1 prefix  2 lease  3 number of the batch  4 the operations, as JSON
-- Answer: 'applied'; 'fenced' if the store has given up the node, or the node has a newer lease; 'stale' for a late repetition.
--         Then the connections that have lost their slot, as JSON, and the offset of the last event, or 0

local lease, number = ARGV[2], tonumber(ARGV[3])
-- A late batch of an earlier lease must not change connections that the newer lease has declared.
local isNewest = redis.call('HGET', K .. 'nodes', string.match(lease, '^(.*)/')) == lease
if not isNewest or not redis.call('ZSCORE', K .. 'leases', lease) then return { 'fenced', '[]', '0' } end
local batch = redis.call('HGET', K .. 'batches', lease)
if batch then
  local last, offset, answer = string.match(batch, '^(%d+) (%d+) (.*)$')
  if number == tonumber(last) then return { 'applied', answer, offset } end
  if number < tonumber(last) then return { 'stale', '[]', '0' } end
end

local at, evicted = now(), {}
for _, op in ipairs(cjson.decode(ARGV[4])) do
  local roster = op.room and 'room:' .. op.room or ONLINE
  if op.op == '+' then
    if roster == ONLINE then
      for _, eviction in ipairs(openSlot(op, lease, at)) do evicted[#evicted + 1] = eviction end
    end
    join(roster, op, lease, at)
  else
    if roster == ONLINE then
      local slots = readSlots(op.user, at)
      releaseSlot(op.user, op.connectionId, slots)
      writeSlots(op.user, slots)
    end
    leave(roster, op, at)
  end
end
local offset = publishEvents()
local answer = #evicted == 0 and '[]' or cjson.encode(evicted)
redis.call('HSET', K .. 'batches', lease, ARGV[3] .. ' ' .. offset .. ' ' .. answer)
return { 'applied', answer, offset }
