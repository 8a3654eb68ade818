-- Compares the positions that a process has read in channels with the store. A channel that has lost messages continues without its
-- log at a later offset, so that every earlier position gets a gap. A message on its channel of pub/sub tells all nodes so.
-- KEYS  1 epoch, and for each channel  2 channel (hash)  3 log (stream); all of one partition
-- ARGV  1 the incarnation at the last check, or ''  2 time that a channel is stored, ms, and for each channel
--       3 epoch and 4 offset that were read  5 pub/sub channel
-- Answer: the incarnation

local current = incarnation()
if current == ARGV[1] then return current end
local epoch = redis.call('GET', KEYS[1])

-- Whether an offset is after the newest one, or within a leap.
local function isLost(seen, top, leaps)
  if seen > top then return true end
  for from, to in string.gmatch(leaps or '', '(%d+) (%d+) ') do
    if seen > tonumber(from) and seen < tonumber(to) then return true end
  end
  return false
end

for n = 2, #KEYS, 2 do
  local seenEpoch, seen, topic = ARGV[n * 3 / 2], tonumber(ARGV[n * 3 / 2 + 1]), ARGV[n * 3 / 2 + 2]
  local channel = redis.call('HMGET', KEYS[n], 'offset', 'leaps')
  local top = tonumber(channel[1] or 0)
  if seenEpoch == epoch and isLost(seen, top, channel[2]) then
    local offset = text(nextOffset(math.max(top, seen), false))
    redis.call('DEL', KEYS[n], KEYS[n + 1])
    redis.call('HSET', KEYS[n], 'offset', offset, 'incarnation', current)
    redis.call('PEXPIRE', KEYS[n], ARGV[2])
    redis.call('PUBLISH', topic, '!')
  end
end
return current
