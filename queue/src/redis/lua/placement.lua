-- Where each lane and tenant stands: in a ring, behind an alarm, or nowhere.
--
-- A suspended tenant's lanes keep their places; it is the tenant that stands in no ring, so that
-- suspending it costs the same however many lanes it has.

function Placement.begin()
  -- The soonest alarm that this call has set, and the soonest of refills.
  Placement.soonest, Placement.soonest_refill = NEVER, NEVER
end

-- Moves the alarm of a kind from `current` to `wanted`; false is no alarm.
local function set_alarm(kind, id, current, wanted)
  if current ~= wanted then
    if current then
      Sorted.drop('alarms', pack('>I7c1c16', current, kind, id))
    end
    if wanted then
      Sorted.put('alarms', pack('>I7c1c16', wanted, kind, id))
      Placement.soonest = min(Placement.soonest, wanted)
      if kind == 'r' then
        Placement.soonest_refill = min(Placement.soonest_refill, wanted)
      end
    end
  end
  return wanted
end

Placement.set_alarm = set_alarm

local function set_ring(id, lane, tenant_id, tenant, ring)
  if lane[RING] ~= 0 then
    Turns.place_lane(lane[RING], tenant_id, tenant, id, lane[TURN], false)
  end
  if ring ~= 0 then
    Turns.place_lane(ring, tenant_id, tenant, id, lane[TURN], true)
  end
  lane[RING] = ring
end

local function set_refill(id, refill, tenant_id, tenant, wanted)
  if wanted ~= refill.wanted then
    Turns.place(Turns.open('r:' .. tenant_id), id, refill.turn, wanted)
    tenant[T_REFILLS] = tenant[T_REFILLS] + (wanted and 1 or -1)
    refill.wanted = wanted
  end
end

-- Whether something about its tenant changed.
local function refresh_refill(id, lane, tenant_id)
  Window.tidy(lane)
  if not lane[MARKS] and not lane[REFILL] then
    return false
  end
  local refill = lane[REFILL] or { turn = 0, wanted = false, alarm = false }
  lane[REFILL] = refill
  local at = false
  for class = 1, 3 do
    at = sooner(at, Window.refill_at(lane, class))
  end
  local wanted = at and at <= now or false
  local changes = wanted ~= refill.wanted
  if changes then
    set_refill(id, refill, tenant_id, Tenant.load(tenant_id), wanted)
  end
  refill.alarm = set_alarm('r', id, refill.alarm, not wanted and at)
  return changes
end

-- One alarm for the lane and not one per lease. It may go off too early, and then the next is set.
local function refresh_pace(id, lane)
  local slow = Lane.is_slow(id, lane)
  if slow ~= lane[SLOW] then
    lane[SLOW] = slow
    if lane[OUT] > 0 then
      for _, lease in ipairs(Lease.all(id)) do
        Slots.turn(lease.worker, slow)
      end
    end
  end
  if lane[OLDEST] then
    local at = slow and lane[LAPSE] or lane[OLDEST] + SLOW_AFTER
    if not lane[LEASE_ALARM] or at < lane[LEASE_ALARM] then
      lane[LEASE_ALARM] = set_alarm('s', id, lane[LEASE_ALARM], at)
    end
  end
end

-- Puts a lane where it belongs after anything about it changed; whether something about its tenant did.
-- The alarm of a lane that is ready is left as it is: it is mostly that of the next retry, and right
-- again soon.
function Placement.refresh(id, lane)
  if not lane[OCCUPIED] and Lane.is_occupied(lane) then
    lane[OCCUPIED] = true
    Sorted.put('occupied', id)
  end
  local tenant_id = lane[TENANT]
  if not tenant_id then
    return false
  end
  refresh_pace(id, lane)
  local ready_at = Lane.ready_at(lane) or false
  local ready = ready_at and ready_at <= now
  local ring = ready and (lane[SLOW] and SLOW_RING or FAST_RING) or 0
  local changes = ring ~= lane[RING]
  if changes then
    set_ring(id, lane, tenant_id, Tenant.load(tenant_id), ring)
  end
  if not ready and ready_at ~= lane[ALARM] then
    lane[ALARM] = set_alarm('a', id, lane[ALARM], ready_at)
  end
  if lane[MARKS] or lane[REFILL] then
    changes = refresh_refill(id, lane, tenant_id) or changes
  end
  return changes
end

local function stand(ring, id, tenant, turn, field, waits)
  tenant[field] = waits
  Turns.place(Turns.open(ring), id, tenant[turn], waits)
end

-- Puts a tenant where it belongs after anything about it or its lanes changed.
function Placement.refresh_tenant(id, tenant)
  local has_ready = tenant[T_FAST] + tenant[T_SLOW] > 0
  local allowed_at = has_ready and tenant[T_RATE] and Rate.earliest(tenant[T_RATE]) or now
  local served = not tenant[T_SUSPENDED]
  local allowed = served and allowed_at <= now
  local fast, slow = allowed and tenant[T_FAST] > 0, allowed and tenant[T_SLOW] > 0
  local refills = served and tenant[T_REFILLS] > 0
  if fast ~= tenant[T_IN_FAST] then
    stand('fast', id, tenant, T_TURN, T_IN_FAST, fast)
  end
  if slow ~= tenant[T_IN_SLOW] then
    stand('slow', id, tenant, T_TURN, T_IN_SLOW, slow)
  end
  if refills ~= tenant[T_IN_REFILLS] then
    stand('refills', id, tenant, T_REFILL_TURN, T_IN_REFILLS, refills)
  end
  if allowed_at > now or tenant[T_ALARM] then
    tenant[T_ALARM] = set_alarm('t', id, tenant[T_ALARM], allowed_at > now and allowed_at)
  end
end

-- Reads at once the tenants of those lanes that are likely to become ready.
local function load_tenants()
  local ids = {}
  for _, id in ipairs(Lane.unsettled) do
    local lane = Lane.load(id)
    if lane and lane[TENANT] and lane[RING] == 0 then
      local due = Lane.next_due(lane)
      if due and due <= now then
        note(ids, lane[TENANT])
      end
    end
  end
  Tenant.load_all(ids)
end

-- Puts all lanes and tenants where they belong that something changed about.
function Placement.settle()
  load_tenants()
  for _, id in ipairs(Lane.unsettled) do
    local lane = Lane.load(id)
    if lane and Placement.refresh(id, lane) then
      Tenant.touch(lane[TENANT])
    end
  end
  for _, id in ipairs(Tenant.unsettled) do
    Placement.refresh_tenant(id, Tenant.load(id))
  end
  Lane.unsettled, Tenant.unsettled = {}, {}
end

-- Takes a lane and its tenant out of the rings in which they wait to be served, and gives both the
-- newest turn; refreshed, they are put back, last in line.
function Placement.pass_turn(id, lane, tenant_id, tenant)
  meta.turns = meta.turns + 1
  set_ring(id, lane, tenant_id, tenant, 0)
  if tenant[T_IN_FAST] then
    stand('fast', tenant_id, tenant, T_TURN, T_IN_FAST, false)
  end
  if tenant[T_IN_SLOW] then
    stand('slow', tenant_id, tenant, T_TURN, T_IN_SLOW, false)
  end
  lane[TURN], tenant[T_TURN] = meta.turns, meta.turns
  Lane.keep(id)
  Tenant.keep(tenant_id)
end

-- The same for the rings of those who want a refill.
function Placement.pass_refill_turn(id, lane, tenant_id, tenant)
  meta.turns = meta.turns + 1
  set_refill(id, lane[REFILL], tenant_id, tenant, false)
  if tenant[T_IN_REFILLS] then
    stand('refills', tenant_id, tenant, T_REFILL_TURN, T_IN_REFILLS, false)
  end
  lane[REFILL].turn, tenant[T_REFILL_TURN] = meta.turns, meta.turns
  Lane.keep(id)
  Tenant.keep(tenant_id)
end

-- Takes a lane out of its tenant and from behind its alarms.
function Placement.displace(id, lane)
  lane[ALARM] = set_alarm('a', id, lane[ALARM], false)
  lane[LEASE_ALARM] = set_alarm('s', id, lane[LEASE_ALARM], false)
  local tenant_id = lane[TENANT]
  if not tenant_id then
    return
  end
  local tenant = Tenant.load(tenant_id)
  set_ring(id, lane, tenant_id, tenant, 0)
  if lane[REFILL] then
    lane[REFILL].alarm = set_alarm('r', id, lane[REFILL].alarm, false)
    set_refill(id, lane[REFILL], tenant_id, tenant, false)
  end
  tenant[T_LANES] = tenant[T_LANES] - 1
  Tenant.touch(tenant_id)
end

local function ring_alarm(kind, id)
  if kind == 't' then
    Tenant.load(id)[T_ALARM] = false
    return Tenant.touch(id)
  elseif kind == 'o' then
    return Lease.bury_named(id)
  end
  local lane = Lane.load(id)
  if not lane then
    return
  end
  if kind == 'a' then
    lane[ALARM] = false
  elseif kind == 's' then
    lane[LEASE_ALARM] = false
    Lease.reclaim(id, lane)
  elseif lane[REFILL] then
    lane[REFILL].alarm = false
  end
  Lane.touch(id)
end

-- Lets alarms go off that are due by now, a bounded number of them; whether there may be more.
function Placement.advance()
  local by_now = '(' .. pack('>I7', now + 1)
  local due = call('ZRANGEBYLEX', base .. 'alarms', '-', by_now, 'LIMIT', '0', text(ALARMS_AT_ONCE))
  if #due == 0 then
    return false
  end
  for _, member in ipairs(due) do
    local _, kind, id = unpack_from('>I7c1c16', member)
    Sorted.drop('alarms', member)
    ring_alarm(kind, id)
  end
  Placement.settle()
  Turns.flush()
  return #due == ALARMS_AT_ONCE or Lease.is_spent()
end
