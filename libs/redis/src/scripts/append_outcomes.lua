-- Appends witnessed records to a partition's trail, which keeps the newest. One that is there already, or that a later one has overtaken, is ignored.
-- KEYS: trail. ARGV: how many it keeps, time to live in seconds, then per record its id (epoch-offset) and its JSON.
local kept = 0
for i = 3, #ARGV, 2 do
  local reply = redis.pcall('XADD', KEYS[1], 'MAXLEN', ARGV[1], ARGV[i], 'r', ARGV[i + 1])
  if type(reply) == 'table' and reply.err then
    if not string.find(reply.err, 'equal or smaller', 1, true) then return reply end
  else
    kept = kept + 1
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return kept
