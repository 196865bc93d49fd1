-- Compare-and-set of a partition's manifest: its segments lose their TTL, those that only the old one named are unlinked.
-- KEYS  manifest, then the segments that the new manifest names
-- ARGV  '1' if there must be a manifest before, its id, the new id, the new manifest as JSON, prefix of segment keys, the new segments' names, one per line
-- The manifest is written first: that is the call which Redis refuses at maxmemory, so an OOM leaves nothing torn.
local stored = redis.call('HMGET', KEYS[1], 'id', 'segments')
local previous = false
if ARGV[1] == '1' then previous = ARGV[2] end
if stored[1] ~= previous then return 'other' end
for k = 2, #KEYS do
  if redis.call('EXISTS', KEYS[k]) == 0 then return 'missing_segment' end
end
redis.call('HSET', KEYS[1], 'id', ARGV[3], 'json', ARGV[4], 'segments', ARGV[6])
local kept = {}
for k = 2, #KEYS do
  kept[KEYS[k]] = true
  redis.call('PERSIST', KEYS[k])
end
for name in string.gmatch(stored[2] or '', '[^\n]+') do
  local key = ARGV[5] .. name
  if not kept[key] then redis.call('UNLINK', key) end
end
return 'replaced'
