-- Stores a message in the log of a channel, trims the log and publishes the message.
-- KEYS  1 epoch  2 channel (hash)  3 log (stream)  4 publication: call, epoch and offset
-- ARGV  1 data  2 messages, 3 bytes and 4 ms of the history  5 pub/sub channel  6 time that the channel is stored, ms
--       7 id of the call, which becomes the epoch if there is none  8 time that KEYS 4 is stored, ms; '' to ask only
-- Answer: 1 if another call has published it already, else 0; epoch; offset. Nil if it was not published, and is only asked for

local known = redis.call('GET', KEYS[4])
if known then
  local call, epoch, offset = string.match(known, '^(%S+) (%S+) (%S+)$')
  return { call == ARGV[7] and 0 or 1, epoch, offset }
end
if ARGV[8] == '' then return false end

local epoch, offset, finish = append({
  data = ARGV[1], messages = ARGV[2], bytes = ARGV[3], ms = ARGV[4], topic = ARGV[5], keptMs = ARGV[6], call = ARGV[7],
})
redis.call('SET', KEYS[4], ARGV[7] .. ' ' .. epoch .. ' ' .. offset, 'PX', ARGV[8])
finish()
return { 0, epoch, offset }
