-- Stores a mark, and tells every node.
-- ARGV  1 prefix  2 'u' and the user, or 's' and the hash of the session  3 the mark, as JSON  4 for how many ms
--       5 what the nodes are told  6 the user whose given rooms are forgotten, or ''

local key, mark = K .. 'mark:' .. ARGV[2], cjson.decode(ARGV[3])
local earlier = redis.call('GET', key)
if not (earlier and mark.notBefore and cjson.decode(earlier).notBefore > mark.notBefore) then
  redis.call('SET', key, ARGV[3], 'PX', ARGV[4])
end
if ARGV[6] ~= '' then
  for _, client in ipairs(redis.call('ZRANGE', K .. 'holders:' .. ARGV[6], 0, -1)) do takeRooms(ARGV[6], client) end
end
redis.call('PUBLISH', K .. 'nodes', ARGV[5])
