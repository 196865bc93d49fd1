-- A partition's head and the rows that changed above a version, at one instant. Writes nothing.
-- KEYS  head, changed
-- ARGV  version, what the keys of row hashes begin with, then per range: metric:table, first bucket, last bucket, and
--       'buckets' (an unsliced table: fields are buckets), 'all' (a sliced one) or 'one' (of a sliced one the value that follows), and the value or ''
-- The row hashes are named here, out of the ranges: they carry the same hash tag.
-- Answers { head, found in the first range, … }, found = bucket, { field, value, … }, bucket, { … } …; of an unsliced table the bucket is 0.
local stored = redis.call('HMGET', KEYS[1], 'closed', 'target', 'note', 'confirmation', 'announced', 'noted', 'noted_from')
local since, prefix = ARGV[1], ARGV[2]
-- What was published by code that keeps no notes is found by looking at the rows.
local is_noted = stored[1] and stored[6] == stored[1] and stored[7] <= since

local function pairs_of(hash, mode, from, to, value)
  if mode == 'one' then
    local row = redis.call('HGET', hash, value)
    return row and { value, row } or {}
  end
  if mode == 'all' or to - from >= 1000 then return redis.call('HGETALL', hash) end
  local fields, found = {}, {}
  for bucket = from, to do fields[#fields + 1] = string.format('%d', bucket) end
  local rows = redis.call('HMGET', hash, unpack(fields))
  for index, field in ipairs(fields) do
    if rows[index] then
      found[#found + 1] = field
      found[#found + 1] = rows[index]
    end
  end
  return found
end

local function changes_in(hash, mode, from, to, value)
  local all, changed = pairs_of(hash, mode, from, to, value), {}
  for index = 1, #all, 2 do
    if string.sub(all[index + 1], 1, 16) > since then
      local bucket = mode == 'buckets' and tonumber(all[index]) or from
      if bucket >= from and bucket <= to then
        changed[#changed + 1] = all[index]
        changed[#changed + 1] = all[index + 1]
      end
    end
  end
  return changed
end

local answer = { stored }
for at = 3, #ARGV, 5 do
  local name, from, to, mode, value = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3], ARGV[at + 4]
  local names, found = {}, {}
  if mode == 'buckets' then
    if from <= to then names[1] = name end
  else
    for bucket = from, to do names[#names + 1] = name .. ':' .. string.format('%d', bucket) end
  end
  for first = 1, #names, 1000 do
    local last = math.min(first + 999, #names)
    local notes = is_noted and redis.call('HMGET', KEYS[2], unpack(names, first, last))
    for index = first, last do
      local latest = notes and notes[index - first + 1]
      if not notes or (latest and latest > since) then
        local changed = changes_in(prefix .. names[index], mode, from, to, value)
        if #changed > 0 then
          found[#found + 1] = mode == 'buckets' and 0 or from + index - 1
          found[#found + 1] = changed
        end
      end
    end
  end
  answer[#answer + 1] = found
end
return answer
