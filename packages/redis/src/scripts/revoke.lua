-- Stores a mark, and sends a message to every node. Of two marks of a user or session the newer one stays, for the longer time of both.
-- ARGV  1 prefix  2 'u' and the user, or 's' and the hash of the session  3 the mark, as JSON  4 time that the mark is stored, ms
--       5 the message  6 the user whose given rooms are removed, or ''

local key, mark = K .. 'mark:' .. ARGV[2], cjson.decode(ARGV[3])
local earlier, ttl = redis.call('GET', key), tonumber(ARGV[4])
if earlier then ttl = math.max(ttl, redis.call('PTTL', key)) end
local isOlder = earlier and mark.notBefore and cjson.decode(earlier).notBefore > mark.notBefore
redis.call('SET', key, isOlder and earlier or ARGV[3], 'PX', text(ttl))
if ARGV[6] ~= '' then
  for _, client in ipairs(redis.call('ZRANGE', K .. 'holders:' .. ARGV[6], 0, -1)) do takeRooms(ARGV[6], client) end
end
redis.call('PUBLISH', K .. 'nodes', ARGV[5])
