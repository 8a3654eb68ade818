-- Stands before every script: time, offsets, and names of two and three parts.

-- The time of the store in ms since 1970; no node's clock counts.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Numbers as texts: tostring() would write 1e+14.
local function text(number)
  return string.format('%.0f', number)
end

local replication = nil

-- Changes when the store may have lost writes: a restart from a file, a failover. '-' where INFO is not allowed.
local function incarnation()
  if not replication then
    local info = redis.pcall('INFO', 'replication')
    local id = type(info) == 'string' and string.match(info, 'master_replid:(%w+)')
    replication = id and string.sub(id, 1, 12) or '-'
  end
  return replication
end

-- The offset after `last`. Under another incarnation than the one before it leaps to the time in microseconds since 2025:
-- what was lost may have had greater numbers than what is left.
local function nextOffset(last, sameIncarnation)
  local offset = last + 1
  if sameIncarnation then return offset end
  local time = redis.call('TIME')
  return math.max(offset, (time[1] - 1735689600) * 1000000 + time[2])
end

-- One text of two or three, whatever is in them.
local function pack(first, second, third)
  local packed = #first .. ':' .. first
  if third == nil then return packed .. second end
  return packed .. #second .. ':' .. second .. third
end

local function unpackFirst(packed)
  local length, from = string.match(packed, '^(%d+):()')
  return string.sub(packed, from, from + length - 1), string.sub(packed, from + length)
end
