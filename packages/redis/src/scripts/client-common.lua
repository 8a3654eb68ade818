-- The common part of the scripts about the records of clients. ARGV[1] is the prefix of every key.
--
-- client:<user,client>    hash: 'memory', 'told' and 'incarnation'; 'last', the number of the newest send; 'bytes' of the results of
--                         requests; for each operation its digest, its node, its claim and its result, if there is one
-- requests:<user,client>  list: the requests that have ended, oldest first
-- rooms:<user,client>     set: the rooms that the server gave to the client
-- clients:<user>          sorted set: client with an operation -> time of its first operation, or of its last open or close, ms
-- holders:<user>          sorted set: client with such rooms -> end of its record, ms; +inf while it is open. The set lasts as long as
--                         the newest record, so that a ban finds every client, and is deleted with it

local K = ARGV[1]
-- The time that the record of a client without a connection lasts, ms.
local RECORD_MS = 300000

-- The keys of the record of a client.
local function recordKeys(user, client)
  local name = pack(user, client)
  return K .. 'client:' .. name, K .. 'requests:' .. name, K .. 'rooms:' .. name
end

-- Sets the end of a key: none while the client is open, else that of a record.
local function keepKey(key, isOpen)
  if isOpen then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, RECORD_MS) end
end

-- Stores the end of the record of a client with given rooms, and removes the clients whose records have ended.
local function keepHolder(user, client, isOpen)
  local holders, at = K .. 'holders:' .. user, now()
  redis.call('ZADD', holders, isOpen and '+inf' or text(at + RECORD_MS), client)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', holders, '-inf', text(at))) do redis.call('ZREM', holders, gone) end
  keepKey(holders, #redis.call('ZRANGEBYSCORE', holders, '+inf', '+inf', 'LIMIT', 0, 1) > 0)
end

-- Sets the end of the record of a client, and the time of its last open or close.
local function keepRecord(user, client, isOpen)
  redis.call('ZADD', K .. 'clients:' .. user, 'XX', text(now()), client)
  for _, key in ipairs({ recordKeys(user, client) }) do keepKey(key, isOpen) end
  if redis.call('ZSCORE', K .. 'holders:' .. user, client) then keepHolder(user, client, isOpen) end
end

-- Sets the end of the record of a client, which is open if its slot has a connection.
local function keepRecordOfClient(user, client)
  local slot = redis.call('HGET', K .. 'slots:' .. user, client)
  keepRecord(user, client, slot and cjson.decode(slot).o ~= nil)
end

-- Does the same after a use of the record. Nothing is to do for a record without an end, unless the record is new.
local function keepUsedRecord(user, client, record, isNew)
  if isNew or redis.call('PTTL', record) ~= -1 then keepRecordOfClient(user, client) end
end

-- Answers 'whole' if the record has all operations of the client, or 'partial', and whether the record is new. The record becomes
-- partial and loses its last number when the store may have lost writes.
local function memoryOf(record)
  local stored, current = redis.call('HMGET', record, 'memory', 'incarnation'), incarnation()
  if stored[1] and stored[2] == current then return stored[1], false end
  redis.call('HSET', record, 'memory', 'partial', 'incarnation', current)
  redis.call('HDEL', record, 'last', 'told')
  return 'partial', not stored[1]
end

-- Called when a connection begins an operation. The record becomes whole, with any number, if the welcome of this connection told the
-- client that results were lost. Answers the same as memoryOf.
local function noteBegin(record, connection)
  local memory, isNew = memoryOf(record)
  if memory == 'partial' and connection ~= '' and redis.call('HGET', record, 'told') == connection then
    redis.call('HSET', record, 'memory', 'whole')
    redis.call('HDEL', record, 'told', 'last')
    memory = 'whole'
  end
  return memory, isNew
end

-- Counts a client with an operation. With more than `most` clients of a user the oldest records without a slot are deleted.
local function countClient(user, client, most)
  local clients = K .. 'clients:' .. user
  if redis.call('ZSCORE', clients, client) then return end
  redis.call('ZADD', clients, text(now()), client)
  redis.call('PEXPIRE', clients, RECORD_MS)
  local surplus = redis.call('ZCARD', clients) - most
  if surplus <= 0 then return end
  for _, oldest in ipairs(redis.call('ZRANGE', clients, 0, -1)) do
    local hasSlot = redis.call('HGET', K .. 'slots:' .. user, oldest)
    if surplus > 0 and oldest ~= client and not hasSlot then
      local record, requests = recordKeys(user, oldest)
      redis.call('DEL', record, requests)
      redis.call('ZREM', clients, oldest)
      surplus = surplus - 1
    end
  end
end

-- Gives rooms to a client, and sets the end of its record.
local function giveRooms(user, client, given)
  local _, _, rooms = recordKeys(user, client)
  for _, room in ipairs(given) do redis.call('SADD', rooms, room) end
  redis.call('ZADD', K .. 'holders:' .. user, '+inf', client)
  keepRecordOfClient(user, client)
end

-- Takes all rooms from a client.
local function takeRooms(user, client)
  local _, _, rooms = recordKeys(user, client)
  redis.call('DEL', rooms)
  redis.call('ZREM', K .. 'holders:' .. user, client)
end
