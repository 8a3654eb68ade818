-- Reads a page of a roster together with its position.
-- ARGV  1 prefix  2 roster  3 the offset after which the page begins, or 0  4 the most users, or 0 for the numbers only
-- Answer: the offset of the last event of the roster, or of all rosters if it is empty; total; the offset after which the next page
--         begins, or ''; user, entry, user, entry, …
-- Answer for the numbers only: the same offset; total; ''; the number of connections of all users

local roster, limit = ARGV[2], tonumber(ARGV[4])
local offset = redis.call('HGET', K .. 'offsets', roster) or redis.call('HGET', K .. 'presence', 'offset') or '0'
if limit == 0 then
  local users, connections = redis.call('ZRANGE', K .. 'members:' .. roster, 0, -1), 0
  for _, user in ipairs(users) do connections = connections + #redis.call('HGETALL', K .. 'by:' .. pack(roster, user)) / 2 end
  return { offset, #users, '', connections }
end
local page = redis.call('ZRANGEBYSCORE', K .. 'members:' .. roster, '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', 0, limit + 1)
local answer = { offset, redis.call('ZCARD', K .. 'members:' .. roster), '' }
if #page > 2 * limit then answer[3] = page[2 * limit] end
for n = 1, math.min(#page, 2 * limit), 2 do
  answer[#answer + 1] = page[n]
  answer[#answer + 1] = redis.call('HGET', K .. 'entries:' .. roster, page[n])
end
return answer
