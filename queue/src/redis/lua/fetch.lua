-- Hands out tickets: tenants in turn, then the tenant's lanes in turn. See `Queue::fetch`.
local worker, slots, most = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local REPLAY_TURNS_PASSED, RETRY_TURNS_PASSED = 8, 9

local fast, slow

local function others_wait(tenant_id)
  local function is_other(other)
    return other ~= tenant_id
  end
  return Turns.find(fast, is_other) or Turns.find(slow, is_other)
end

local function has_share(tenant_id)
  return not Slots.tenant_is_full(worker, tenant_id, slots) or not others_wait(tenant_id)
end

-- The first in line of both rings: whose turn is the older.
local function older(fast_id, fast_turn, slow_id, slow_turn)
  if slow_id and (not fast_id or slow_turn < fast_turn) then
    return slow_id
  end
  return fast_id
end

-- The next lane that may be served to the worker, within its share of slots. Only tenants that have
-- their share already are passed over, and of those there are a handful at most.
local function next_in_line()
  local slow_too = Turns.find(slow) and not Slots.slow_are_full(worker, slots, Turns.find(fast) ~= nil)
  local tenant_id, turn = Turns.find(fast, has_share)
  if slow_too then
    tenant_id = older(tenant_id, turn, Turns.find(slow, has_share))
  end
  if not tenant_id then
    return nil
  end
  local tenant = Tenant.load(tenant_id)
  local id
  id, turn = Turns.first_lane(FAST_RING, tenant_id, tenant)
  if slow_too then
    id = older(id, turn, Turns.first_lane(SLOW_RING, tenant_id, tenant))
  end
  return tenant_id, id
end

-- The class that goes next: first tries before retries before replays, but each later class at
-- least every tenth turn. Replays are let in a turn sooner, so that both don't come due together.
local function next_class(lane)
  local first, retry, replay = lane[DUE + 1], lane[DUE + 2], lane[DUE + 3]
  local retry_due, replay_due = retry and retry <= now, replay and replay <= now
  local retry_passed, replay_passed = lane[PASSED_RETRY], lane[PASSED_REPLAY]
  local retry_overdue = retry_due and retry_passed >= RETRY_TURNS_PASSED
  local replay_overdue = replay_due and replay_passed >= REPLAY_TURNS_PASSED
  local class
  if retry_overdue and not (replay_overdue and replay_passed >= retry_passed) then
    class = 2
  elseif replay_overdue then
    class = 3
  else
    class = first and first <= now and 1 or retry_due and 2 or replay_due and 3
  end
  if class then
    lane[PASSED_RETRY] = retry_due and class ~= 2 and min(retry_passed + 1, 255) or 0
    lane[PASSED_REPLAY] = replay_due and class ~= 3 and min(replay_passed + 1, 255) or 0
  end
  return class
end

-- The class of the oldest that waits: what an open circuit is probed with.
local function oldest_class(id, lane)
  local oldest, first_due, first_arrival
  for class = 1, 3 do
    if lane[LENGTH + class] > 0 then
      local due, arrival = Window.head(id, class)
      if due and (not oldest or due < first_due or (due == first_due and arrival < first_arrival)) then
        oldest, first_due, first_arrival = class, due, arrival
      end
    end
  end
  return oldest
end

-- Takes out what is to be served next: class, due time, arrival and id.
local function pick(id, lane)
  if lane[ORDERED] then
    local due = lane[HEAD]
    lane[HEAD] = false
    return HEAD_CLASS, due, 0, Lease.NO_DELIVERY
  end
  local class
  if lane[OPEN] then
    class = oldest_class(id, lane)
  else
    class = next_class(lane)
  end
  if class then
    return class, Window.pop(id, lane, class)
  end
end

local function hand_out(tenant_id, id)
  local tenant, lane = Tenant.load(tenant_id), Lane.load(id)
  if not lane then
    return nil
  end
  Placement.pass_turn(id, lane, tenant_id, tenant)
  local class, due, arrival, delivery = pick(id, lane)
  local ticket
  if due then
    if lane[RATE] then
      Rate.take(lane[RATE])
    end
    if tenant[T_RATE] then
      Rate.take(tenant[T_RATE])
    end
    local token = Lease.next_token()
    Lease.grant(id, lane, token, class, delivery, due, arrival, worker)
    local probe = lane[OPEN]
    if probe then
      lane[PROBE].spent, lane[PROBE].out = true, token
    end
    ticket = pack('>c16Bc16I7I7B', id, class, delivery, token, max(now - due, 0), probe and 1 or 0)
  end
  Placement.refresh(id, lane)
  Placement.refresh_tenant(tenant_id, tenant)
  return ticket
end

-- Reads at once what the first turns are about: tenants, the worker's slots, and lanes.
local function look_ahead()
  local tenant_ids, lane_ids = Turns.front(fast), {}
  if #tenant_ids == 0 then
    return
  end
  Tenant.load_all(tenant_ids)
  Slots.read(worker, tenant_ids)
  for _, tenant_id in ipairs(tenant_ids) do
    lane_ids[#lane_ids + 1] = Turns.first_lane(FAST_RING, tenant_id, Tenant.load(tenant_id))
  end
  Lane.load_all(lane_ids)
end

local more = Placement.advance()
fast, slow = Turns.open('fast'), Turns.open('slow')
local free = slots - Slots.held(worker).all
local tickets = {}
-- Whether the worker need not look again before it is called, or before an instant that it is told.
local vain = free <= 0 or now < meta.serve_from
if not vain then
  look_ahead()
  -- Whose copy of a window was wrong costs a turn and is right then.
  for _ = 1, min(most, free) do
    local tenant_id, id = next_in_line()
    if not tenant_id or not id then
      vain = true
      break
    end
    tickets[#tickets + 1] = hand_out(tenant_id, id)
  end
end
Finish.write()

vain = vain and not more
local wake = now
if vain then
  wake = Finish.next_wake() or NEVER
  if now < meta.serve_from then
    wake = meta.serve_from
  end
  if free <= 0 then
    Slots.mark_full(worker)
    Slots.save()
  else
    meta.told = max(meta.told or 0, wake)
  end
end
Finish.call_sleepers(vain and 't')
Meta.save()
return 'k' .. pack('>I7', max(wake - now, 0)) .. table.concat(tickets)
