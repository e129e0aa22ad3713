-- Lanes and tenants as they are kept: an array each, packed, with `false` for what is not set.

-- Settings of a lane; without a tenant it has none and isn't served.
local TENANT, REVISION, MAX_IN_FLIGHT, PAUSED, ORDERED, OPEN = 1, 2, 3, 4, 5, 6
-- What it has learned: its working cap, how many turns retries and replays were passed over, and
-- whether the last answer took long.
local WORKING_CAP, PASSED_RETRY, PASSED_REPLAY, SLUGGISH = 7, 8, 9, 10
-- Where it stands: which of its tenant's rings it is in, at which turn, and behind which alarms.
local SLOW, RING, TURN, ALARM, SLOW_ALARM, OCCUPIED = 11, 12, 13, 14, 15, 16
-- Of an ordered lane: when its head may be due.
local HEAD = 17
-- Read off its set of leases whenever that changed: how many, and when the oldest was granted.
local OUT, OLDEST = 18, 19
-- Of the window of each class 1, 2, 3: how many wait, and when the first of them is due.
local LENGTH, DUE = 19, 22
-- Most lanes have none of these.
local RATE, PROBE, MARKS, REFILL = 26, 27, 28, 29
-- Read off the leases too: whether the head of an ordered lane is out. Also of a lane that is ordered
-- no more: nobody here knows which delivery that is, so nothing else goes out beside it.
local HEAD_OUT = 30

local FAST_RING, SLOW_RING = 1, 2

-- A tenant's settings, turns, how many lanes it has and how many are in each of its rings, and where
-- it stands itself.
local T_SUSPENDED, T_RATE, T_TURN, T_REFILL_TURN, T_LANES = 1, 2, 3, 4, 5
local T_FAST, T_SLOW, T_REFILLS, T_IN_FAST, T_IN_SLOW, T_IN_REFILLS, T_ALARM = 6, 7, 8, 9, 10, 11, 12

local lanes, tenants
-- Those to be saved, and (`unsettled`) those to be put where they belong before, in order.
local changed_lanes, changed_tenants

-- Of tenants too.
function Lane.begin()
  lanes, tenants = {}, {}
  changed_lanes, changed_tenants = {}, {}
  Lane.unsettled, Tenant.unsettled = {}, {}
end

function Lane.load(id)
  local lane = lanes[id]
  if lane == nil then
    local packed = call('GET', base .. 'l:' .. id)
    lane = packed and cmsgpack.unpack(packed)
    lanes[id] = lane
  end
  return lane
end

function Lane.load_or_make(id)
  local lane = Lane.load(id)
  if not lane then
    lane = {
      false, 0, 1, false, false, false,
      INITIAL_WORKING_CAP, 0, 0, false,
      false, 0, 0, false, false, false,
      false, 0, false,
      0, 0, 0, false, false, false,
      false, false, false, false, false,
    }
    lanes[id] = lane
    meta.lanes = meta.lanes + 1
  end
  return lane
end

-- Notes that a lane is to be saved.
function Lane.keep(id)
  note(changed_lanes, id)
end

-- Notes that a lane is to be put where it belongs, and saved.
function Lane.touch(id)
  note(changed_lanes, id)
  note(Lane.unsettled, id)
end

function Tenant.load(id)
  local tenant = tenants[id]
  if not tenant then
    local packed = call('GET', base .. 't:' .. id)
    tenant = packed and cmsgpack.unpack(packed)
      or { false, false, 0, 0, 0, 0, 0, 0, false, false, false, false }
    tenants[id] = tenant
  end
  return tenant
end

function Tenant.keep(id)
  note(changed_tenants, id)
end

function Tenant.touch(id)
  note(changed_tenants, id)
  note(Tenant.unsettled, id)
end

-- Loads all lanes at once that packed items name, each of so many bytes and with a lane's id in front.
-- To be called before any other lane is loaded.
function Lane.load_named(items, item_bytes)
  local ids, keys = {}, {}
  for from = 1, #items, item_bytes do
    note(ids, items:sub(from, from + 15))
  end
  for place, id in ipairs(ids) do
    keys[place] = base .. 'l:' .. id
  end
  for place, packed in ipairs(call('MGET', unpack(keys))) do
    lanes[ids[place]] = packed and cmsgpack.unpack(packed)
  end
end

local function set_all(list)
  for from = 1, #list, 1000 do
    call('MSET', unpack(list, from, min(from + 999, #list)))
  end
end

function Lane.save()
  local list = {}
  for _, id in ipairs(changed_lanes) do
    if lanes[id] then
      list[#list + 1] = base .. 'l:' .. id
      list[#list + 1] = cmsgpack.pack(lanes[id])
    end
  end
  set_all(list)
  changed_lanes = {}
end

function Tenant.save()
  local list = {}
  for _, id in ipairs(changed_tenants) do
    local tenant = tenants[id]
    if tenant[T_LANES] == 0 and not tenant[T_SUSPENDED] and not tenant[T_RATE] then
      call('DEL', base .. 't:' .. id)
    else
      list[#list + 1] = base .. 't:' .. id
      list[#list + 1] = cmsgpack.pack(tenant)
    end
  end
  set_all(list)
  changed_tenants = {}
end

-- When the first one of the lane is due.
function Lane.next_due(lane)
  local due, first, retry, replay = lane[HEAD], lane[DUE + 1], lane[DUE + 2], lane[DUE + 3]
  if first and (not due or first < due) then
    due = first
  end
  if retry and (not due or retry < due) then
    due = retry
  end
  if replay and (not due or replay < due) then
    due = replay
  end
  return due
end

-- Whether the database holds more than waits here: when the first of that is due.
function Lane.beyond(lane)
  local beyond = false
  if lane[MARKS] then
    for _, mark in pairs(lane[MARKS]) do
      beyond = sooner(beyond, mark.beyond)
    end
  end
  return beyond
end

function Lane.is_occupied(lane)
  return (Lane.next_due(lane) or Lane.beyond(lane)) and true or false
end

-- By its last answer, or by the oldest request that has none.
function Lane.is_slow(lane)
  return lane[SLUGGISH] or (lane[OLDEST] and lane[OLDEST] + SLOW_AFTER <= now) or false
end

-- From when on the lane may be served as it is now; nil until something else changes.
function Lane.ready_at(lane)
  local due = Lane.next_due(lane)
  if not due or not lane[TENANT] or lane[PAUSED] then
    return nil
  end
  local at, cap = due, min(lane[MAX_IN_FLIGHT], lane[WORKING_CAP])
  if lane[OPEN] then
    local probe = lane[PROBE]
    if probe.spent or probe.out then
      return nil
    end
    at, cap = max(due, probe.at), lane[MAX_IN_FLIGHT]
  end
  if lane[OUT] >= ((lane[ORDERED] or lane[HEAD_OUT]) and 1 or cap) then
    return nil
  end
  if at <= now and lane[RATE] then
    return Rate.earliest(lane[RATE])
  end
  return at
end
