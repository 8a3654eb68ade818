-- Calls each command that scripts and nodes use, so that missing rights of the user of Redis are found at the start.
-- KEYS  1 a key that no other script uses
-- ARGV  1 a channel of pub/sub that no client reads
-- Answer: the commands that this user may not run, in lower case, separated by a space; the text of another refusal by Redis, or ''

local key, denied, other = KEYS[1], {}, ''

local function try(name, ...)
  local answer = redis.pcall(name, ...)
  local failure = type(answer) == 'table' and answer.err
  if not failure then return end
  -- Redis 7.0 has the first text, later ones have the second one.
  if string.find(failure, "can't run this command") or string.find(failure, 'permissions to run') then
    denied[#denied + 1] = string.lower(name)
  elseif string.find(failure, 'NOPERM') or string.find(failure, "user executing the script can't") then
    other = failure
  end
end

try('TIME')
try('PUBLISH', ARGV[1], '')

try('SET', key, '', 'PX', 1000)
try('GET', key)
try('MGET', key)
try('PERSIST', key)
try('PTTL', key)
try('EXISTS', key)
try('DEL', key)

try('HSET', key, 'a', '1')
try('HINCRBY', key, 'a', 1)
try('HGET', key, 'a')
try('HMGET', key, 'a')
try('HGETALL', key)
try('HDEL', key, 'a')

try('SADD', key, 'a')
try('SMEMBERS', key)
try('SREM', key, 'a')
try('SPOP', key, 1)

try('ZADD', key, 0, 'a')
try('ZSCORE', key, 'a')
try('ZCARD', key)
try('ZRANGE', key, 0, -1)
try('ZRANGEBYSCORE', key, '-inf', '+inf')
try('ZREM', key, 'a')

try('RPUSH', key, 'a')
try('LREM', key, 0, 'b')
try('LPOP', key)

try('XADD', key, 'MAXLEN', 1, '1', 'a', 'a')
try('XRANGE', key, '-', '+')
try('XTRIM', key, 'MINID', '1')
redis.pcall('DEL', key)
-- A key that the user may not delete expires.
try('PEXPIRE', key, 1000)

return { table.concat(denied, ' '), other }
