-- Begins an operation of a client, or answers its state.
-- ARGV  1 prefix  2 user  3 client  4 'send' or 'request'  5 its key  6 digest  7 node  8 claim, or ''
--       9 the most records of clients of a user; clients with a slot keep theirs  10 the connection, or ''
--       11 '1' if the operation may have run before
-- Answer: 'run', and 'again' if the result of an earlier run is unknown; 'done' and the result; 'conflict';
--         'forgotten' if the operation may have run and the results of the client were lost; 'running', node and claim
-- A record has a field for each operation: digest, the node that has begun it and its claim, '!' if the result of an earlier run is
-- unknown, and the result, if there is one. The node is '-' after an end without a stored result.

local user, client, kind, key = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local record = recordKeys(user, client)
local field = kind .. ' ' .. key
countClient(user, client, tonumber(ARGV[9]))
local memory, isNew = noteBegin(record, ARGV[10])
local stored = redis.call('HMGET', record, field, 'last')

local started = ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. ARGV[8]
local function finish(...)
  keepUsedRecord(user, client, record, isNew)
  return { ... }
end

if stored[1] then
  local digest, node, claim, again, result = string.match(stored[1], '^(%S+) (%S+) (%d*)(!?)(.*)$')
  if digest ~= ARGV[6] then return finish('conflict') end
  if result ~= '' then return finish('done', string.sub(result, 2)) end
  -- The call is a repetition, because its first answer was lost.
  if ARGV[8] ~= '' and node == ARGV[7] and claim == ARGV[8] then
    return finish('run', again == '!' and 'again' or nil)
  end
  local lease = redis.call('HGET', K .. 'nodes', node)
  local ends = lease and redis.call('ZSCORE', K .. 'leases', lease)
  if ends then return finish('running', node, claim) end
  redis.call('HSET', record, field, started .. '!')
  return finish('run', 'again')
end
if memory == 'partial' and ARGV[11] == '1' then return finish('forgotten') end
if kind == 'send' then
  local last, seq = tonumber(stored[2] or 0), tonumber(key)
  if last ~= 0 and seq ~= last + 1 then return finish('conflict') end
  redis.call('HDEL', record, 'send ' .. text(seq - 32))
  redis.call('HSET', record, 'last', key)
end
redis.call('HSET', record, field, started)
return finish('run')
