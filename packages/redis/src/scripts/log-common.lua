-- The common part of the scripts that store a message in the log of a channel.
-- KEYS  1 epoch  2 channel (hash)  3 log (stream)

-- Stores a leap of the offset. A client with a position within a leap has read a message that was lost. The last four leaps are
-- stored.
local function noteLeap(from, to)
  local leaps = (redis.call('HGET', KEYS[2], 'leaps') or '') .. text(from) .. ' ' .. text(to) .. ' '
  redis.call('HSET', KEYS[2], 'leaps', string.match(leaps, '%d+ %d+ %d+ %d+ %d+ %d+ %d+ %d+ $') or leaps)
end

-- Stores a message. Fields: data; messages, bytes and ms, the bounds of the log; topic, the channel of pub/sub; keptMs, the time that
-- the channel is stored; call, the id of the call, which becomes the epoch if there is none.
-- Answer: epoch; offset; a function that trims the log and publishes the message. Before the script calls the function, it stores the
-- data that makes a repetition harmless, because the user of Redis may lose the right to run the commands of the function.
local function append(message)
  local epoch = redis.call('GET', KEYS[1])
  if not epoch then
    epoch = message.call
    redis.call('SET', KEYS[1], epoch)
  end

  local at, current = now(), incarnation()
  local channel = redis.call('HMGET', KEYS[2], 'offset', 'incarnation', 'written', 'first', 'since')
  local previous = tonumber(channel[1] or 0)
  local offset = nextOffset(previous, channel[2] == current)
  if channel[2] ~= current then noteLeap(previous, offset) end
  -- The bytes ever written to the log, the bytes before its oldest entry, and the time of that entry. The last two are lower bounds,
  -- because MAXLEN removes entries without an update of them.
  local written, first, since = tonumber(channel[3] or 0), tonumber(channel[4] or 0), tonumber(channel[5] or at)
  if previous == 0 then redis.call('DEL', KEYS[3]) end

  local id, maxBytes, maxAge = text(offset), tonumber(message.bytes), tonumber(message.ms)
  redis.call('XADD', KEYS[3], 'MAXLEN', message.messages, id, 'p', text(previous), 'a', text(at), 'b', text(written), 'd', message.data)
  written = written + #message.data
  redis.call('HSET', KEYS[2], 'offset', id, 'incarnation', current, 'at', text(at),
    'written', text(written), 'first', text(first), 'since', text(since))

  local function trim()
    local from, oldest = '-', nil
    first, since = written, at
    repeat
      local entries = redis.call('XRANGE', KEYS[3], from, '+', 'COUNT', 8)
      for _, entry in ipairs(entries) do
        local entryAt, before = tonumber(entry[2][4]), tonumber(entry[2][6])
        if written - before <= maxBytes and at - entryAt <= maxAge then
          oldest, first, since = entry[1], before, entryAt
          break
        end
        from = '(' .. entry[1]
      end
    until oldest or #entries < 8
    if oldest then redis.call('XTRIM', KEYS[3], 'MINID', oldest) else redis.call('DEL', KEYS[3]) end
    redis.call('HSET', KEYS[2], 'first', text(first), 'since', text(since))
  end

  return epoch, id, function()
    if written - first > maxBytes or at - since > maxAge then trim() end
    redis.call('PEXPIRE', KEYS[3], message.ms)
    redis.call('PEXPIRE', KEYS[2], message.keptMs)
    redis.call('PUBLISH', message.topic, epoch .. ' ' .. id .. ' ' .. text(previous) .. ' ' .. text(at) .. ' ' .. message.data)
  end
end
