-- The common part of the scripts about leases, rosters and slots. Comes after client-common.lua.
--
-- leases            sorted set: lease -> its end, ms. A lease is <node>/<number>
-- nodes             hash: node -> its newest lease
-- leases-of:<node>  set: its leases
-- held:<lease>      set: pack(roster, user, connection) of the connections of the lease
-- batches           hash: lease -> number and answer of its last batch of operations
-- members:<roster>  sorted set: user -> the offset at which it joined
-- entries:<roster>  hash: user -> time of the join, profile, and the state of the user
-- by:<roster,user>  hash: connection -> lease, and the state of the connection
-- grace             sorted set: pack(roster, user) -> end of the grace period, ms
-- slots:<user>      hash: client -> { o: the open connection, r: the reserved one }
-- presence          hash: offset and incarnation of the events
-- offsets           hash: roster with users -> the offset of its last event
-- A roster is 'online', or 'room:' and the room.

local ONLINE = 'online'
-- The time after which a reservation ends, unless its connection opens, ms.
local RESERVATION_MS = 10000

-- In `lastOf`, for each roster with an event: the offset of the last one, or false if the roster is empty after it.
local events, presence, lastOf = {}, nil, {}

local function nextEventOffset()
  if presence == nil then
    local stored = redis.call('HMGET', K .. 'presence', 'offset', 'incarnation')
    presence = { previous = tonumber(stored[1] or 0), incarnation = incarnation() }
    presence.last, presence.same = presence.previous, stored[2] == presence.incarnation
  end
  presence.last = nextOffset(presence.last, presence.same)
  presence.same = true
  return presence.last
end

-- Publishes the events of this script in one message. Answer: the offset of the last one, or '0'
local function publishEvents()
  if #events == 0 then return '0' end
  local last = text(presence.last)
  redis.call('HSET', K .. 'presence', 'offset', last, 'incarnation', presence.incarnation)
  for roster, offset in pairs(lastOf) do
    if offset then redis.call('HSET', K .. 'offsets', roster, offset) else redis.call('HDEL', K .. 'offsets', roster) end
  end
  redis.call('PUBLISH', K .. 'presence', cjson.encode({ prev = text(presence.previous), events = events }))
  return last
end

local function roomOf(roster)
  if roster == ONLINE then return nil end
  return string.sub(roster, 6)
end

local function announce(roster, event)
  event.room = roomOf(roster)
  event.total = redis.call('ZCARD', K .. 'members:' .. roster)
  lastOf[roster] = event.total > 0 and event.off
  events[#events + 1] = event
end

-- The value of a connection in by:<roster,user>: its lease and, if it has a state, a line end, the time at which the state was set, the
-- order in which it arrived, and the state.
local statesHeld = 0
local function heldBy(lease, state, at)
  if not state then return lease end
  statesHeld = statesHeld + 1
  return lease .. '\n' .. text(state.setAt) .. ' ' .. text(at * 1000 + statesHeld) .. ' ' .. state.json
end

local function leaseOf(held)
  return held and string.match(held, '^[^\n]*')
end

local function hasState(stored)
  return stored and string.find(stored, '\n', 1, true) ~= nil
end

-- The entry of a user: time of the join, profile and, after a line end, the latest state of the connections of the user.
local function entryWithLatest(base, by)
  local stored, latest, latestSet, latestCame = redis.call('HGETALL', by), '', -1, -1
  for n = 2, #stored, 2 do
    local set, came, json = string.match(stored[n], '\n(%S+) (%S+) (.*)$')
    set, came = tonumber(set), tonumber(came)
    if set and (set > latestSet or (set == latestSet and came > latestCame)) then
      latest, latestSet, latestCame = '\n' .. json, set, came
    end
  end
  return base .. latest
end

local function announceEntry(roster, user, entry, event)
  event.user, event.off = user, event.off or text(nextEventOffset())
  event.since, event.profile = string.match(entry, '^(%d+) ([^\n]*)')
  event.state = string.match(entry, '\n(.*)$')
  announce(roster, event)
end

-- Called after one of several connections of a user has ended that had a state: announces the state that is the latest now.
local function showLatest(roster, user)
  local before = redis.call('HGET', K .. 'entries:' .. roster, user)
  if not hasState(before) then return end
  local entry = entryWithLatest(string.match(before, '^[^\n]*'), K .. 'by:' .. pack(roster, user))
  if entry == before then return end
  redis.call('HSET', K .. 'entries:' .. roster, user, entry)
  announceEntry(roster, user, entry, { isNew = false, isStateOnly = true })
end

local function join(roster, op, lease, at)
  local user, id = op.user, op.connectionId
  local by = K .. 'by:' .. pack(roster, user)
  redis.call('HSET', by, id, heldBy(lease, op.state, at))
  redis.call('SADD', K .. 'held:' .. lease, pack(roster, user, id))
  redis.call('ZREM', K .. 'grace', pack(roster, user))
  local before = redis.call('HGET', K .. 'entries:' .. roster, user)
  local base = (before and string.match(before, '^%d+') or text(at)) .. ' ' .. op.profile
  local entry = base
  if op.state or hasState(before) then entry = entryWithLatest(base, by) end
  if entry == before then return end
  redis.call('HSET', K .. 'entries:' .. roster, user, entry)
  local isStateOnly = before and string.match(before, '^[^\n]*') == base
  if isStateOnly and op.state and redis.call('ZCARD', K .. 'members:' .. roster) > op.state.announcedUsers then return end
  local offset = text(nextEventOffset())
  if not before then redis.call('ZADD', K .. 'members:' .. roster, offset, user) end
  announceEntry(roster, user, entry, { off = offset, isNew = not before, isStateOnly = isStateOnly or nil })
end

local function left(roster, user)
  redis.call('ZREM', K .. 'grace', pack(roster, user))
  redis.call('HDEL', K .. 'entries:' .. roster, user)
  if redis.call('ZREM', K .. 'members:' .. roster, user) == 1 then
    announce(roster, { off = text(nextEventOffset()), user = user })
  end
end

local function leave(roster, op, at)
  local by = K .. 'by:' .. pack(roster, op.user)
  local held = redis.call('HGET', by, op.connectionId)
  if not held then return end
  redis.call('HDEL', by, op.connectionId)
  redis.call('SREM', K .. 'held:' .. leaseOf(held), pack(roster, op.user, op.connectionId))
  if redis.call('EXISTS', by) == 1 then
    if hasState(held) then showLatest(roster, op.user) end
    return
  end
  if op.graceMs > 0 then redis.call('ZADD', K .. 'grace', text(at + op.graceMs), pack(roster, op.user))
  else left(roster, op.user) end
end

local function endGrace(at, limit)
  local due = redis.call('ZRANGEBYSCORE', K .. 'grace', '-inf', text(at), 'LIMIT', 0, limit)
  for _, packed in ipairs(due) do left(unpackFirst(packed)) end
  return #due == limit
end

-- The slots of a user with a connection or a reservation, by client.
local function readSlots(user, at)
  local stored = redis.call('HGETALL', K .. 'slots:' .. user)
  local slots = {}
  for n = 1, #stored, 2 do
    local slot = cjson.decode(stored[n + 1])
    if slot.r and math.abs(at - slot.r.at) > RESERVATION_MS then slot.r = nil end
    if slot.o or slot.r then slots[stored[n]] = slot end
  end
  return slots
end

local function writeSlots(user, slots)
  local key, fields, isOpen = K .. 'slots:' .. user, {}, false
  for client, slot in pairs(slots) do
    if slot.o or slot.r then
      fields[#fields + 1] = client
      fields[#fields + 1] = cjson.encode(slot)
    end
    if slot.o then isOpen = true end
  end
  redis.call('DEL', key)
  if #fields == 0 then return end
  -- No call of Lua takes more than about 8,000 arguments.
  for n = 1, #fields, 1000 do redis.call('HSET', key, unpack(fields, n, math.min(n + 999, #fields))) end
  if not isOpen then redis.call('PEXPIRE', key, RESERVATION_MS) end
end

local function attemptOf(slot)
  return math.max(slot.o and slot.o.attempt or 0, slot.r and slot.r.attempt or 0)
end

local function releaseSlot(user, connectionId, slots)
  for client, slot in pairs(slots) do
    if slot.r and slot.r.id == connectionId then slot.r = nil end
    if slot.o and slot.o.id == connectionId then
      slot.o = nil
      keepRecord(user, client, false)
    end
  end
end

-- Releases the slots of the oldest connections of a user until the limit is kept. Answer: these connections
local function evictOldest(user, slots, besides, limit)
  local open = {}
  for _, slot in pairs(slots) do if slot.o then open[#open + 1] = slot.o end end
  local surplus, evicted = #open - limit, {}
  table.sort(open, function(a, b)
    if a.at == b.at then return a.id < b.id end
    return a.at < b.at
  end)
  for _, connection in ipairs(open) do
    if #evicted < surplus and connection.id ~= besides then
      evicted[#evicted + 1] = { user = user, connectionId = connection.id, reason = 'limit' }
      releaseSlot(user, connection.id, slots)
    end
  end
  return evicted
end

-- Opens the slot of a connection, also when its node declares it again. Answer: the connections that have lost their slot
local function openSlot(op, lease, at)
  local user, id = op.user, op.connectionId
  local slots = readSlots(user, at)
  local client, reserved = op.client, nil
  for name, slot in pairs(slots) do
    if (slot.o and slot.o.id == id) or (slot.r and slot.r.id == id) then
      client, reserved = client or name, slot.r
    end
  end
  -- The connection may have changed its client by its hello while the store was away.
  for name, slot in pairs(slots) do
    if name ~= client then releaseSlot(user, id, { [name] = slot }) end
  end
  if not client then return {} end
  local limit = reserved and reserved.limit or op.limit or math.huge
  local attempt = op.attempt or (reserved and reserved.attempt) or 1
  local slot = slots[client]
  local evicted, besides = {}, nil
  if slot then
    if attempt < attemptOf(slot) then return { { user = user, connectionId = id, reason = 'superseded' } } end
    if slot.o and slot.o.id ~= id then
      evicted[1] = { user = user, connectionId = slot.o.id, reason = 'superseded' }
    end
    if slot.r and slot.r.id == id then slot.r = nil end
    besides = id
  else
    slot = {}
    slots[client] = slot
  end
  slot.o = { id = id, lease = lease, attempt = attempt, at = op.openedAt or at }
  keepRecord(user, client, true)
  -- A connection that is declared again may be the oldest itself.
  for _, eviction in ipairs(evictOldest(user, slots, besides, limit)) do evicted[#evicted + 1] = eviction end
  writeSlots(user, slots)
  return evicted
end

-- Removes at most `limit` connections of a lease. Answer: whether more connections may remain
local function emptyLease(lease, at, limit)
  local held = redis.call('SPOP', K .. 'held:' .. lease, limit)
  for _, packed in ipairs(held) do
    local roster, rest = unpackFirst(packed)
    local user, id = unpackFirst(rest)
    local key = pack(roster, user)
    local by = K .. 'by:' .. key
    local stored = redis.call('HGET', by, id)
    if leaseOf(stored) == lease then
      redis.call('HDEL', by, id)
      local isLast = redis.call('EXISTS', by) == 0
      if isLast and not redis.call('ZSCORE', K .. 'grace', key) then left(roster, user)
      elseif not isLast and hasState(stored) then showLatest(roster, user) end
    end
    if roster == ONLINE then
      local slots = readSlots(user, at)
      for client, slot in pairs(slots) do
        if slot.o and slot.o.lease == lease and slot.o.id == id then
          slot.o = nil
          keepRecord(user, client, false)
        end
      end
      writeSlots(user, slots)
    end
  end
  return #held == limit
end

-- Ends a lease after its last connection is removed. Answer: the rest of the limit
local function endLease(lease, at, limit)
  if emptyLease(lease, at, limit) then return 0 end
  local node = string.match(lease, '^(.*)/')
  redis.call('ZREM', K .. 'leases', lease)
  redis.call('SREM', K .. 'leases-of:' .. node, lease)
  redis.call('HDEL', K .. 'batches', lease)
  if redis.call('HGET', K .. 'nodes', node) == lease then redis.call('HDEL', K .. 'nodes', node) end
  return limit - 1
end

-- The state of the store, which changes when the store is emptied or may have lost writes. Nodes compare it.
local function storeState(token)
  local stored = redis.call('GET', K .. 'state')
  if not stored then
    stored = token
    redis.call('SET', K .. 'state', stored)
  end
  return stored .. '.' .. incarnation()
end
