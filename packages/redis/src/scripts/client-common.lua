-- Stands before the scripts on what is remembered of clients. ARGV[1] is the prefix of every key.
--
-- client:<user,client>    hash: 'memory', 'told' and 'incarnation'; 'last', the number of the newest send; 'bytes' of the results of
--                         requests; for each operation its digest, its node, its claim and, once it has one, its result
-- requests:<user,client>  list: the requests with a result, oldest first
-- rooms:<user,client>     set: the rooms that the server gave to the client
-- clients:<user>          sorted set: client that has had something done -> when it began, was last opened or closed, ms
-- holders:<user>          sorted set: client that has such rooms -> when its record ends, ms; +inf while it is open. It lasts as
--                         long as the newest record, so a ban finds every client, and no client that is gone stays

local K = ARGV[1]
-- How long the record of a client that is away lasts, ms.
local RECORD_MS = 300000

-- The keys of what is remembered of a client.
local function recordKeys(user, client)
  local name = pack(user, client)
  return K .. 'client:' .. name, K .. 'requests:' .. name, K .. 'rooms:' .. name
end

-- Keeps a key while a client is open, or for as long as the record of one that is away.
local function keepKey(key, isOpen)
  if isOpen then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, RECORD_MS) end
end

-- Notes until when a client has given rooms, and forgets the clients whose record has ended.
local function keepHolder(user, client, isOpen)
  local holders, at = K .. 'holders:' .. user, now()
  redis.call('ZADD', holders, isOpen and '+inf' or text(at + RECORD_MS), client)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', holders, '-inf', text(at))) do redis.call('ZREM', holders, gone) end
  keepKey(holders, #redis.call('ZRANGEBYSCORE', holders, '+inf', '+inf', 'LIMIT', 0, 1) > 0)
end

local function keepRecord(user, client, isOpen)
  redis.call('ZADD', K .. 'clients:' .. user, 'XX', text(now()), client)
  for _, key in ipairs({ recordKeys(user, client) }) do keepKey(key, isOpen) end
  if redis.call('ZSCORE', K .. 'holders:' .. user, client) then keepHolder(user, client, isOpen) end
end

-- Keeps the record of a client for as long as one of its connections is open, and a while after.
local function keepRecordOfClient(user, client)
  local slot = redis.call('HGET', K .. 'slots:' .. user, client)
  keepRecord(user, client, slot and cjson.decode(slot).o ~= nil)
end

-- The same where the record is used. One that has no end is an open client's already, unless it is new.
local function keepUsedRecord(user, client, record, isNew)
  if isNew or redis.call('PTTL', record) ~= -1 then keepRecordOfClient(user, client) end
end

-- Whether the record of a client has everything that the client has had done: 'whole' or 'partial'. After the store may have lost
-- writes it is partial, and its last number is none to count from. Then, whether the record is new.
local function memoryOf(record)
  local stored, current = redis.call('HMGET', record, 'memory', 'incarnation'), incarnation()
  if stored[1] and stored[2] == current then return stored[1], false end
  redis.call('HSET', record, 'memory', 'partial', 'incarnation', current)
  redis.call('HDEL', record, 'last', 'told')
  return 'partial', not stored[1]
end

-- Notes that a connection begins an operation. Where its client was told in its welcome that results were lost, the record is whole
-- from now on, and the number is any; what an older connection begins is none of that. Returns what memoryOf does.
local function noteBegin(record, connection)
  local memory, isNew = memoryOf(record)
  if memory == 'partial' and connection ~= '' and redis.call('HGET', record, 'told') == connection then
    redis.call('HSET', record, 'memory', 'whole')
    redis.call('HDEL', record, 'told', 'last')
    memory = 'whole'
  end
  return memory, isNew
end

-- Counts a client that has something done. Above so many of a user the oldest records are given up, but for clients with a slot.
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

-- Gives rooms to a client, and keeps its record.
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
