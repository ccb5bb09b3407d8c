-- One round of the Redis sink, as one atomic step.
--
-- KEYS[1]  the marker. The other names travel in the payload: a round touches hundreds of keys, all on one node.
-- ARGV[1]  the channel of updates
-- ARGV[2]  what to write as marker where it is missing; never the same text twice
-- ARGV[3]  how a marker of these settings begins, to replace one of other settings; '' takes any marker
-- ARGV[4]  msgpack {heartbeats, records}: heartbeat = {key, value, seconds to live},
--          record = {key, revision, expiry in epoch seconds, value, key of the hour's set or '', owner or ''}
--
-- Returns {1 where the marker was missing, the marker, records written, an error's text or '', numbers of the records
-- that hit this error}. A key of the wrong type fails alone; whatever else Redis refuses (memory, replica, rights)
-- raises, and the caller sends all of it again: nothing here minds being done twice.

-- A record is JSON without blanks, so these very characters occur nowhere else: inside a text the quotes are escaped.
local FIELD = '"revision":"'

local function revision_of(record)
  local _, last = string.find(record, FIELD, 1, true)
  local stop = last and string.find(record, '"', last + 1, true)
  return stop and string.sub(record, last + 1, stop - 1) or ''
end

local marker = redis.call('GET', KEYS[1])
local missing = not marker
if missing or string.sub(marker, 1, #ARGV[3]) ~= ARGV[3] then
  marker = ARGV[2]
  redis.call('SET', KEYS[1], marker)
end

local payload = cmsgpack.unpack(ARGV[4])
local heartbeats, records = payload[1], payload[2]
if #records == 0 then
  -- A round without records asks whether Redis is well: a server that takes no writes must say so here too.
  redis.call('SET', KEYS[1], marker)
end
if not missing then
  -- Over an emptied Redis no sign of life: the board would show a quiet floor until the records are back.
  for _, beat in ipairs(heartbeats) do
    redis.call('SET', beat[1], beat[2], 'EX', beat[3])
  end
end

local written, refused, trouble = 0, {}, ''
local function refuse(number, key, answer)
  refused[#refused + 1] = number
  trouble = answer.err .. ' (key ' .. key .. ')'
end

local hours = {}
for number, record in ipairs(records) do
  local key, revision, expiry = record[1], record[2], record[3]
  local stored = redis.pcall('GET', key)
  if type(stored) == 'table' then
    refuse(number, key, stored)
  else
    -- Revisions are of one length and figures stand in the same places, so any collation orders them as bytes do.
    if not stored or revision_of(stored) < revision then
      redis.call('SET', key, record[4])
      redis.call('EXPIREAT', key, expiry)
      redis.call('PUBLISH', ARGV[1], key)
      written = written + 1
    end
    if record[5] ~= '' then
      local hour = hours[record[5]] or { owners = {}, numbers = {}, expiry = 0 }
      hours[record[5]] = hour
      hour.owners[#hour.owners + 1] = record[6]
      hour.numbers[#hour.numbers + 1] = number
      hour.expiry = math.max(hour.expiry, expiry)
    end
  end
end

for key, hour in pairs(hours) do
  local added = redis.pcall('SADD', key, unpack(hour.owners))
  if type(added) == 'table' then
    for _, number in ipairs(hour.numbers) do
      refuse(number, key, added)
    end
  else
    -- Only ever later: EXPIREAT has no GT before Redis 7.
    local left, now = redis.call('PTTL', key), redis.call('TIME')
    if left < 0 or now[1] * 1000 + math.floor(now[2] / 1000) + left < hour.expiry * 1000 then
      redis.call('EXPIREAT', key, hour.expiry)
    end
  end
end

return { missing and 1 or 0, marker, written, trouble, refused }
