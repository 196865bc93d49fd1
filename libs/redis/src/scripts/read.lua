-- A partition's head and rows at one instant. Writes nothing.
-- KEYS  head, then one row hash per request
-- ARGV  number of shared fields, the shared fields, then per request: 'all', or 'shared' and an ordinal, or a count and as many fields
-- Answers { head, rows of the first request, … }: pairs of field and value for 'all', values in the order asked otherwise.
local answer = { redis.call('HMGET', KEYS[1], 'closed', 'target', 'note', 'confirmation', 'announced') }
local shared = tonumber(ARGV[1])
local at = 2 + shared
for k = 2, #KEYS do
  local request = ARGV[at]
  if request == 'all' then
    answer[k] = redis.call('HGETALL', KEYS[k])
    at = at + 1
  elseif request == 'shared' then
    answer[k] = redis.call('HMGET', KEYS[k], ARGV[1 + tonumber(ARGV[at + 1])])
    at = at + 2
  else
    local count, fields = tonumber(request), {}
    for field = 1, count do fields[field] = ARGV[at + field] end
    answer[k] = redis.call('HMGET', KEYS[k], unpack(fields))
    at = at + 1 + count
  end
end
return answer
