-- Stands before the scripts on what is remembered of clients. ARGV[1] is the prefix of every key.
--
-- client:<user,client>    hash: 'memory' and 'incarnation'; 'last', the number of the newest send; 'bytes' of the results of
--                         requests; for each operation its digest, its node, its claim and, once it has one, its result
-- requests:<user,client>  list: the requests with a result, oldest first
-- rooms:<user,client>     set: the rooms that the server gave to the client

local K = ARGV[1]
-- How long the record of a client that is away lasts, ms.
local RECORD_MS = 300000

-- The keys of what is remembered of a client.
local function recordKeys(user, client)
  local name = pack(user, client)
  return K .. 'client:' .. name, K .. 'requests:' .. name, K .. 'rooms:' .. name
end

local function keepRecord(user, client, isOpen)
  for _, key in ipairs({ recordKeys(user, client) }) do
    if isOpen then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, RECORD_MS) end
  end
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

-- Whether the record of a client has everything that the client has had done: 'whole'; 'partial'; 'told' where it is not so, and
-- the client has been told. After the store may have lost writes it is partial, and its last number is none to count from.
-- Then, whether the record is new.
local function memoryOf(record)
  local stored, current = redis.call('HMGET', record, 'memory', 'incarnation'), incarnation()
  if stored[1] and stored[2] == current then return stored[1], false end
  redis.call('HSET', record, 'memory', 'partial', 'incarnation', current)
  redis.call('HDEL', record, 'last')
  return 'partial', not stored[1]
end
