// The Redis script of the naive service: decides about one event and counts it, all keys of one partition of the log together.

/**
 * KEYS: clock, seen message, actor, cells. ARGV: time ms, day, week's first day, opened, engaged, booked, offered, then the four slices.
 * Cells are fields `metric|slice|day|column`; an actor's fields say which days and cohorts it has been counted in.
 */
export const naiveScript = `
local time, day = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = tonumber(redis.call('GET', KEYS[1]) or '0')
if time < clock - 604800000 then return 'late' end
if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', 86400) then return 'duplicate' end
if time > clock then redis.call('SET', KEYS[1], ARGV[1]) end

local slices = { '', ARGV[8], ARGV[9], ARGV[10], ARGV[11] }
local function count(metric, slice, at, column)
  redis.call('HINCRBY', KEYS[4], metric .. '|' .. slice .. '|' .. at .. '|' .. column, 1)
end
local function first(field)
  return redis.call('HSETNX', KEYS[3], field, '1') == 1
end

for _, slice in ipairs(slices) do
  if first('a|' .. slice .. '|' .. day) then count('active_customers', slice, day, 0) end
end
if ARGV[5] == '1' and first('w|' .. ARGV[3]) then count('engaged_customers', '', ARGV[3], 0) end
if ARGV[4] == '1' then
  local fields = redis.call('HKEYS', KEYS[3])
  if first('o|' .. day) then
    for _, field in ipairs(fields) do
      local slice, cohort = string.match(field, '^c|(.*)|(%d+)$')
      local column = day - tonumber(cohort or day)
      if column >= 1 and column <= 30 then count('cabinet_retention', slice, cohort, column) end
    end
  end
  for _, slice in ipairs(slices) do
    if first('c|' .. slice .. '|' .. day) then
      count('cabinet_retention', slice, day, 0)
      for _, field in ipairs(fields) do
        local later = tonumber(string.match(field, '^o|(%d+)$') or day)
        if later > day and later <= day + 30 then count('cabinet_retention', slice, day, later - day) end
      end
    end
  end
end
if ARGV[6] == '1' then
  for _, slice in ipairs({ '', ARGV[8], ARGV[9], ARGV[11] }) do count('bookings', slice, day, 0) end
end
if ARGV[7] == '1' then
  for _, slice in ipairs(slices) do count('offers_shown', slice, day, 0) end
end
return 'applied'
`;
