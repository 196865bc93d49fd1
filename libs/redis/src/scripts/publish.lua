-- One part of a publish: refuses when the store has forgotten what the publish builds on, writes row by row, marks the head open or closes it.
-- KEYS  head, parts, tables, changed, then one row hash per group of rows
-- ARGV  base, target, publish id, part index, '1' if last, note, confirmed at (ms), confirmation, log, then per group a MessagePack array: field, value, field, value …
-- A value begins with its version, 16 hex digits: text order is number order.
-- Every first write below is one that Redis refuses at maxmemory, so an OOM leaves nothing torn.
local head, parts, tables, changed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local base, target, publish, index, last = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local note, confirmed, confirmation, log = ARGV[6], ARGV[7], ARGV[8], ARGV[9]

local stored = redis.call('HMGET', head, 'closed', 'target', 'confirmed', 'noted', 'noted_from')
local closed = stored[1] or '0000000000000000'
local announced = stored[2] or closed

if closed < base then return { 'behind', closed } end

if target <= closed then -- all of it is there already; an equal target may say that its owner is still alive
  if last and target == closed then
    if not stored[3] then
      redis.call('HSET', head, 'closed', target, 'target', announced, 'note', note, 'confirmed', confirmed, 'confirmation', confirmation)
    elseif tonumber(confirmed) >= tonumber(stored[3]) then
      redis.call('HSET', head, 'confirmed', confirmed, 'confirmation', confirmation)
    end
  end
  return { 'written' }
end

if last then
  for part = 0, index - 1 do
    if redis.call('SISMEMBER', parts, publish .. ':' .. part) == 0 then return { 'incomplete' } end
  end
end

local names, latest = {}, {}
for k = 5, #KEYS do
  local rows, fields = cmsgpack.unpack(ARGV[5 + k]), {}
  local count = #rows / 2
  for row = 1, count do fields[row] = rows[2 * row - 1] end
  local present = redis.call('HMGET', KEYS[k], unpack(fields))
  local newer, length, fresh, largest = {}, 0, false, ''
  for row = 1, count do
    local value, old = rows[2 * row], present[row]
    local version = string.sub(value, 1, 16)
    if version > largest then largest = version end
    if not old then fresh = true end
    if not old or string.sub(old, 1, 16) < version then
      newer[length + 1], newer[length + 2] = fields[row], value
      length = length + 2
    end
  end
  if length > 0 then redis.call('HSET', KEYS[k], unpack(newer)) end
  if fresh then redis.call('SADD', tables, KEYS[k]) end
  -- Behind `head` begins what is behind `rows:`, one place further. Large groups are of one hash.
  local name = string.sub(KEYS[k], #head + 2)
  if not latest[name] then names[#names + 1] = name end
  if not latest[name] or latest[name] < largest then latest[name] = largest end
end

-- Also of rows that were there already: whoever wrote them may have kept no notes. A note never falls: rows above a target that closes may be in.
for first = 1, #names, 1000 do
  local last = math.min(first + 999, #names)
  local known, risen, length = redis.call('HMGET', changed, unpack(names, first, last)), {}, 0
  for index = first, last do
    local name, before = names[index], known[index - first + 1]
    if not before or before < latest[name] then
      risen[length + 1], risen[length + 2] = name, latest[name]
      length = length + 2
    end
  end
  if length > 0 then redis.call('HSET', changed, unpack(risen)) end
end

if not last then
  if announced < target then redis.call('HSET', head, 'target', target, 'announced', log) end
  redis.call('SADD', parts, publish .. ':' .. index)
  return { 'written' }
end

if announced > target then return { 'open' } end
-- Where somebody closed the head who kept no notes, they are whole from there on alone: this publish brought all that changed above it.
local noted_from = stored[5]
if not noted_from or stored[4] ~= closed then noted_from = closed end
redis.call('HSET', head, 'closed', target, 'target', target, 'note', note, 'confirmed', confirmed, 'confirmation', confirmation, 'noted', target, 'noted_from', noted_from)
redis.call('DEL', parts)
return { 'written' }
