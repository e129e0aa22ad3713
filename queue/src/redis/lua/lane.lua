-- Lanes and tenants as they are kept: an array each, with `false` for what is not set. They are packed
-- number by number, which costs a fraction of what MessagePack does; only what most lanes have none of
-- is packed with it.

-- Settings of a lane; without a tenant it has none and isn't served.
local TENANT, REVISION, MAX_IN_FLIGHT, PAUSED, ORDERED, OPEN = 1, 2, 3, 4, 5, 6
-- What it has learned: its working cap, how many turns retries and replays were passed over, and
-- whether the last answer took long.
local WORKING_CAP, PASSED_RETRY, PASSED_REPLAY, SLUGGISH = 7, 8, 9, 10
-- Where it stands: which of its tenant's rings it is in, at which turn, and behind which alarms.
local SLOW, RING, TURN, ALARM, LEASE_ALARM, OCCUPIED = 11, 12, 13, 14, 15, 16
-- Of an ordered lane: when its head may be due.
local HEAD = 17
-- Of its leases: how many, when the oldest was granted and when the next one runs out. Both instants
-- may be too early, the first of them if STALE.
local OUT, OLDEST = 18, 19
local LAPSE, STALE = 31, 32
-- Of the window of each class 1, 2, 3: how many wait, and when the first of them is due.
local LENGTH, DUE = 19, 22
-- Most lanes have none of these.
local RATE, PROBE, MARKS, REFILL = 26, 27, 28, 29
-- Whether the head of an ordered lane is out. Also of a lane that is ordered no more: nobody here knows
-- which delivery that is, so nothing else goes out beside it.
local HEAD_OUT = 30

local FAST_RING, SLOW_RING = 1, 2
-- How many lanes and tenants may be saved before they are unpacked again.
local SAVES_KEPT = 500

-- A tenant's settings, turns, how many lanes it has and how many are in each of its rings, and where
-- it stands itself.
local T_SUSPENDED, T_RATE, T_TURN, T_REFILL_TURN, T_LANES = 1, 2, 3, 4, 5
local T_FAST, T_SLOW, T_REFILLS, T_IN_FAST, T_IN_SLOW, T_IN_REFILLS, T_ALARM = 6, 7, 8, 9, 10, 11, 12
-- Its rings of fast and of slow lanes while they are short; longer ones have keys of their own.
local T_FAST_RING, T_SLOW_RING = 13, 14

local lanes, tenants
-- Those to be saved, and (`unsettled`) those to be put where they belong before, in order.
local changed_lanes, changed_tenants

-- Of tenants too.
function Lane.begin()
  lanes, tenants = {}, {}
  changed_lanes, changed_tenants = {}, {}
  Lane.unsettled, Tenant.unsettled = {}, {}
end

-- Up to eight flags of a byte, each set made once.
local flag_sets = {}

local function flags_of(byte)
  local flags = flag_sets[byte]
  if not flags then
    flags = {}
    for place = 1, 8 do
      flags[place] = floor(byte / 2 ^ (place - 1)) % 2 == 1
    end
    flag_sets[byte] = flags
  end
  return flags
end

-- Lanes and tenants as calls have left them, by key, with what they were packed to: while Redis has the
-- same, they need not be unpacked again. Who is loaded is taken out until it is saved, so that a call
-- that failed leaves no changes here; and all are forgotten every so often, so that they stay few.
local left, packed_to, saves = {}, {}, 0

local function leave(key, it, packed)
  saves = saves + 1
  if saves > SAVES_KEPT then
    left, packed_to, saves = {}, {}, 0
  end
  left[key], packed_to[key] = it, packed
end

local function load(key, packed, unpack_one)
  local it = packed and packed_to[key] == packed and left[key]
  left[key] = nil
  return it or unpack_one(packed)
end

-- What is not set is 0, and the tenant that is none all zeros.
local NOBODY = string.rep('\0', 16)
-- An idle lane has the first part only.
local IDLE_FORMAT, IDLE_BYTES = '>c16I7I4I4BBBI6', 40
local LANE_FORMAT = IDLE_FORMAT .. 'BI7I7I7I4I7I7BBBI7I7I7'

local function is_idle(lane)
  return lane[OUT] == 0 and lane[LENGTH + 1] + lane[LENGTH + 2] + lane[LENGTH + 3] == 0 and lane[RING] == 0
    and not (lane[ALARM] or lane[LEASE_ALARM] or lane[HEAD] or lane[RATE] or lane[PROBE] or lane[MARKS] or lane[REFILL])
end

local function pack_lane(lane)
  local flags = (lane[PAUSED] and 1 or 0) + (lane[ORDERED] and 2 or 0) + (lane[OPEN] and 4 or 0)
    + (lane[SLUGGISH] and 8 or 0) + (lane[SLOW] and 16 or 0) + (lane[OCCUPIED] and 32 or 0)
    + (lane[STALE] and 64 or 0) + (lane[HEAD_OUT] and 128 or 0)
  if is_idle(lane) then
    return pack(IDLE_FORMAT, lane[TENANT] or NOBODY, lane[REVISION], lane[MAX_IN_FLIGHT],
      lane[WORKING_CAP], flags, lane[PASSED_RETRY], lane[PASSED_REPLAY], lane[TURN])
  end
  local packed = pack(LANE_FORMAT, lane[TENANT] or NOBODY, lane[REVISION], lane[MAX_IN_FLIGHT],
    lane[WORKING_CAP], flags, lane[PASSED_RETRY], lane[PASSED_REPLAY], lane[TURN], lane[RING],
    lane[ALARM] or 0, lane[LEASE_ALARM] or 0, lane[HEAD] or 0, lane[OUT], lane[OLDEST] or 0,
    lane[LAPSE] or 0, lane[LENGTH + 1], lane[LENGTH + 2], lane[LENGTH + 3], lane[DUE + 1] or 0,
    lane[DUE + 2] or 0, lane[DUE + 3] or 0)
  if lane[RATE] or lane[PROBE] or lane[MARKS] or lane[REFILL] then
    return packed .. cmsgpack.pack({ lane[RATE], lane[PROBE], lane[MARKS], lane[REFILL] })
  end
  return packed
end

local function unpack_idle(packed)
  local tenant, revision, most, cap, byte, retry, replay, turn = unpack_from(IDLE_FORMAT, packed)
  local flags = flags_of(byte)
  return {
    tenant ~= NOBODY and tenant, revision, most, flags[1], flags[2], flags[3],
    cap, retry, replay, flags[4],
    flags[5], 0, turn, false, false, flags[6],
    false, 0, false,
    0, 0, 0, false, false, false,
    false, false, false, false, flags[8], false, flags[7],
  }
end

local function unpack_lane(packed)
  if not packed then
    return false
  elseif #packed == IDLE_BYTES then
    return unpack_idle(packed)
  end
  local tenant, revision, most, cap, byte, retry, replay, turn, ring, alarm, lease_alarm, head, out,
    oldest, lapse, length_1, length_2, length_3, due_1, due_2, due_3, rest =
    unpack_from(LANE_FORMAT, packed)
  local flags = flags_of(byte)
  local lane = {
    tenant ~= NOBODY and tenant, revision, most, flags[1], flags[2], flags[3],
    cap, retry, replay, flags[4],
    flags[5], ring, turn, alarm ~= 0 and alarm, lease_alarm ~= 0 and lease_alarm, flags[6],
    head ~= 0 and head, out, oldest ~= 0 and oldest,
    length_1, length_2, length_3, due_1 ~= 0 and due_1, due_2 ~= 0 and due_2, due_3 ~= 0 and due_3,
    false, false, false, false, flags[8], lapse ~= 0 and lapse, flags[7],
  }
  if rest <= #packed then
    local seldom = cmsgpack.unpack(sub(packed, rest))
    lane[RATE], lane[PROBE], lane[MARKS], lane[REFILL] = seldom[1], seldom[2], seldom[3], seldom[4]
  end
  return lane
end

function Lane.load(id)
  local lane = lanes[id]
  if lane == nil then
    local key = base .. 'l:' .. id
    lane = load(key, call('GET', key), unpack_lane)
    lanes[id] = lane
  end
  return lane
end

-- Reads at once those of `ids` that were not loaded yet.
local function load_missing(ids, loaded, prefix, unpack_one)
  local missing, keys = {}, {}
  for _, id in ipairs(ids) do
    if loaded[id] == nil then
      missing[#missing + 1] = id
      keys[#keys + 1] = prefix .. id
    end
  end
  if #keys > 0 then
    for place, packed in ipairs(call('MGET', unpack(keys))) do
      loaded[missing[place]] = load(keys[place], packed, unpack_one)
    end
  end
end

function Lane.load_all(ids)
  load_missing(ids, lanes, base .. 'l:', unpack_lane)
end

-- Loads all lanes that packed items name, each of so many bytes and with a lane's id in front, and what
-- is known of their deliveries, which are so many bytes further.
function Lane.load_named(items, item_bytes, delivery_at)
  local ids, deliveries = {}, {}
  for from = 1, #items, item_bytes do
    local id = sub(items, from, from + 15)
    local delivery = sub(items, from + delivery_at, from + delivery_at + 15)
    local of_lane = deliveries[id]
    if of_lane then
      of_lane[#of_lane + 1] = delivery
    else
      deliveries[id] = { delivery }
      ids[#ids + 1] = id
    end
  end
  Lane.load_all(ids)
  for _, id in ipairs(ids) do
    Known.read(id, deliveries[id])
  end
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
      false, false, false, false, false, false, false,
    }
    lanes[id] = lane
    meta.lanes = meta.lanes + 1
  end
  return lane
end

function Lane.forget(id)
  call('DEL', base .. 'l:' .. id)
  lanes[id] = false
end

-- Notes that a lane is to be saved.
function Lane.keep(id)
  note(changed_lanes, id)
end

-- Notes that a lane is to be put where it belongs, and saved.
function Lane.touch(id)
  if not Lane.unsettled[id] then
    note(changed_lanes, id)
    note(Lane.unsettled, id)
  end
end

local TENANT_FORMAT = '>BI6I6I4I4I4I4I7dI4dBc0Bc0'

local function pack_tenant(tenant)
  local flags = (tenant[T_SUSPENDED] and 1 or 0) + (tenant[T_IN_FAST] and 2 or 0)
    + (tenant[T_IN_SLOW] and 4 or 0) + (tenant[T_IN_REFILLS] and 8 or 0)
  local rate = tenant[T_RATE]
  return pack(TENANT_FORMAT, flags, tenant[T_TURN], tenant[T_REFILL_TURN], tenant[T_LANES],
    tenant[T_FAST], tenant[T_SLOW], tenant[T_REFILLS], tenant[T_ALARM] or 0,
    rate and rate.period or 0, rate and rate.burst or 0, rate and rate.tat or 0,
    #tenant[T_FAST_RING], tenant[T_FAST_RING], #tenant[T_SLOW_RING], tenant[T_SLOW_RING])
end

local function unpack_tenant(packed)
  if not packed then
    return { false, false, 0, 0, 0, 0, 0, 0, false, false, false, false, '', '' }
  end
  local byte, turn, refill_turn, count, fast, slow, refills, alarm, period, burst, tat, fast_ring,
    slow_ring = unpack_from(TENANT_FORMAT, packed)
  local flags = flags_of(byte)
  local rate = burst ~= 0 and { period = period, burst = burst, tat = tat }
  return {
    flags[1], rate, turn, refill_turn, count, fast, slow, refills, flags[2], flags[3], flags[4],
    alarm ~= 0 and alarm, fast_ring, slow_ring,
  }
end

function Tenant.load(id)
  local tenant = tenants[id]
  if not tenant then
    local key = base .. 't:' .. id
    tenant = load(key, call('GET', key), unpack_tenant)
    tenants[id] = tenant
  end
  return tenant
end

function Tenant.load_all(ids)
  load_missing(ids, tenants, base .. 't:', unpack_tenant)
end

function Tenant.keep(id)
  note(changed_tenants, id)
end

function Tenant.touch(id)
  if not Tenant.unsettled[id] then
    note(changed_tenants, id)
    note(Tenant.unsettled, id)
  end
end

-- Notes for one command what a lane or tenant is packed to, and that it is left so: nothing of it may
-- be changed any more in this call.
local function save(list, key, it, packed)
  list[#list + 1] = key
  list[#list + 1] = packed
  leave(key, it, packed)
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
      save(list, base .. 'l:' .. id, lanes[id], pack_lane(lanes[id]))
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
      save(list, base .. 't:' .. id, tenant, pack_tenant(tenant))
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
function Lane.is_slow(id, lane)
  local oldest = lane[OLDEST]
  if lane[SLUGGISH] or not oldest or oldest + SLOW_AFTER > now then
    return lane[SLUGGISH]
  end
  oldest = Lease.oldest(id, lane)
  return oldest and oldest + SLOW_AFTER <= now
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
