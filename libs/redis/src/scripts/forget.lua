-- Forgets head and rows of a partition at one instant: the next publish is refused as `behind`, and its worker brings everything again. State stays.
-- KEYS  head, parts, tables, changed   Answers the number of row hashes. They carry the same hash tag.
local hashes = redis.call('SMEMBERS', KEYS[3])
for _, hash in ipairs(hashes) do redis.call('UNLINK', hash) end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
return #hashes
