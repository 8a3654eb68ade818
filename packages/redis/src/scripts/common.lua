-- The common part of all scripts: time, offsets, and names of two and three parts.

-- The time of the store, in ms since 1970. No script uses the clock of a node.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A number as a text; tostring() would write 1e+14.
local function text(number)
  return string.format('%.0f', number)
end

local replication = nil

-- A name that changes when the store may have lost writes, as by a restart or a failover. '-' if INFO is not allowed.
local function incarnation()
  if not replication then
    local info = redis.pcall('INFO', 'replication')
    local id = type(info) == 'string' and string.match(info, 'master_replid:(%w+)')
    replication = id and string.sub(id, 1, 12) or '-'
  end
  return replication
end

-- The offset after `last`. Under a new incarnation the offset is at least the time in microseconds since 2025, because lost offsets
-- may be greater than the stored ones.
local function nextOffset(last, sameIncarnation)
  local offset = last + 1
  if sameIncarnation then return offset end
  local time = redis.call('TIME')
  return math.max(offset, (time[1] - 1735689600) * 1000000 + time[2])
end

-- One text of two or three texts with any characters.
local function pack(first, second, third)
  local packed = #first .. ':' .. first
  if third == nil then return packed .. second end
  return packed .. #second .. ':' .. second .. third
end

-- The first text of a packed one, and the rest.
local function unpackFirst(packed)
  local length, from = string.match(packed, '^(%d+):()')
  return string.sub(packed, from, from + length - 1), string.sub(packed, from + length)
end
