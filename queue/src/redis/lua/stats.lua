-- Counts a page of the lanes in which something waits, from the one after the cursor on; the first
-- page brings what is counted of the whole. See `Queue::stats`.
local cursor, is_first = ARGV[3], ARGV[3] == ''
local LANES_AT_ONCE = 100

if is_first then
  Placement.advance()
  -- What is read here has to be there.
  Window.save()
  Sorted.flush()
end
local from = is_first and '-' or '(' .. cursor
local page = call('ZRANGEBYLEX', base .. 'occupied', from, '+', 'LIMIT', 0, LANES_AT_ONCE)
local ready, delayed, behind, oldest_ready = 0, 0, 0, 0
local due_by_now = '(' .. pack('>I7', now + 1)

local function count(id, lane)
  for class = 1, 3 do
    local due = 0
    if lane[DUE + class] and lane[DUE + class] <= now then
      due = call('ZLEXCOUNT', base .. 'w' .. class .. ':' .. id, '-', due_by_now)
    end
    ready = ready + due
    delayed = delayed + lane[LENGTH + class] - due
  end
  if lane[HEAD] and lane[HEAD] <= now then
    ready = ready + 1
  elseif lane[HEAD] then
    delayed = delayed + 1
  end
  behind = behind + (Lane.beyond(lane) and 1 or 0)
  if lane[RING] ~= 0 and not Tenant.load(lane[TENANT])[T_SUSPENDED] then
    oldest_ready = max(oldest_ready, now - Lane.next_due(lane))
  end
end

for _, id in ipairs(page) do
  local lane = Lane.load(id)
  if lane then
    count(id, lane)
    lane[OCCUPIED] = Lane.is_occupied(lane)
  end
  if not lane or not lane[OCCUPIED] then
    Sorted.drop('occupied', id)
    Lane.touch(id)
  end
end
Finish.done()
local whole = #page < LANES_AT_ONCE
return 'k' .. pack('>I7I7I7I7I7I7I7I7I7B', meta.lanes, ready, delayed, max(meta.leased, 0), meta.paused, meta.open,
  behind, oldest_ready, meta.reclaimed, whole and 0 or 1) .. (whole and '' or page[#page])
