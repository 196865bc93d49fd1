-- All rows with above < version <= up to, for refilling the other store; nothing unless the head is closed at or above that. Rare: it scans the partition.
-- KEYS  head, tables   ARGV  above, up to
-- Answers { hash key, { field, value, … }, … }, or an empty bulk when the head does not allow it. The row hashes carry the same hash tag.
local stored = redis.call('HMGET', KEYS[1], 'closed', 'target')
local closed = stored[1] or '0000000000000000'
if (stored[2] or closed) > closed or closed < ARGV[2] then return false end
local answer = {}
for _, hash in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local all, found = redis.call('HGETALL', hash), {}
  for i = 1, #all, 2 do
    local version = string.sub(all[i + 1], 1, 16)
    if version > ARGV[1] and version <= ARGV[2] then
      found[#found + 1] = all[i]
      found[#found + 1] = all[i + 1]
    end
  end
  if #found > 0 then
    answer[#answer + 1] = hash
    answer[#answer + 1] = found
  end
end
return answer
