-- Completes an operation of a client, or ends it so that it may run again. Does nothing if another claim has the operation.
-- ARGV  1 prefix  2 user  3 client  4 'send' or 'request'  5 its key  6 node  7 claim, or ''
--       8 'result'; 'unknown' if the operation may have had an effect; 'none' if it had none  9 the result
--       10 the most requests, and 11 the most bytes of their results that are stored  12 the most bytes of one result

local user, client, kind, key = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local record, requests = recordKeys(user, client)
local field = kind .. ' ' .. key
local stored = redis.call('HGET', record, field)
if not stored then return end
local digest, node, claim, again, result = string.match(stored, '^(%S+) (%S+) (%d*)(!?)(.*)$')
if result ~= '' or node ~= ARGV[6] or claim ~= ARGV[7] then return end

if ARGV[8] == 'none' and again == '' then
  redis.call('HDEL', record, field)
  if kind == 'send' and redis.call('HGET', record, 'last') == key then
    redis.call('HSET', record, 'last', text(tonumber(key) - 1))
  end
  return
end
local isKept = ARGV[8] == 'result' and (kind == 'send' or #ARGV[9] <= tonumber(ARGV[12]))
local ended = isKept and node .. ' ' .. claim .. ' ' .. ARGV[9] or '- !'
redis.call('HSET', record, field, digest .. ' ' .. ended)
if kind == 'send' then return end

local bytes = redis.call('HINCRBY', record, 'bytes', isKept and #ARGV[9] or 0)
if again == '!' then redis.call('LREM', requests, 0, key) end
local count = redis.call('RPUSH', requests, key)
local ttl = redis.call('PTTL', record)
if ttl > 0 then redis.call('PEXPIRE', requests, ttl) end
while count > tonumber(ARGV[10]) or bytes > tonumber(ARGV[11]) do
  local oldest = redis.call('LPOP', requests)
  if not oldest then return end
  local held = redis.call('HGET', record, 'request ' .. oldest)
  local size = held and #string.match(held, '^%S+ %S+ %d*!? ?(.*)$') or 0
  redis.call('HDEL', record, 'request ' .. oldest)
  bytes, count = redis.call('HINCRBY', record, 'bytes', -size), count - 1
end
