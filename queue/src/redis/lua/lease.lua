-- Deliveries that are out. A lease is what is known of its delivery; the lane counts its leases, and
-- keeps when the oldest was granted and when the next one may run out.
--
-- Neither instant is looked up anew each time that a lease ends: they may be too early then, never too
-- late, and are read off the leases when they have come.

-- Class of a lease that names no delivery: the head of an ordered lane.
local HEAD_CLASS = 0
Lease.NO_DELIVERY = string.rep('\0', 16)
-- What a completion says about the receiver.
local SUCCESS, THROTTLED, UNATTEMPTED = 0, 1, 3
-- Token, class, due time, arrival, when granted, when it runs out, worker.
local FORMAT = '>I7BI7I6I7I7c16'

-- How many leases this call may still take back that ran out.
local to_reclaim

function Lease.begin()
  to_reclaim = ALARMS_AT_ONCE
end

-- Tokens follow the clock, so that those from before a loss are not given again.
function Lease.next_token()
  meta.tokens = max(meta.tokens + 1, now)
  return meta.tokens
end

-- Notes that a delivery of the lane is out.
function Lease.grant(id, lane, token, class, delivery, due, arrival, worker)
  Known.set(id, delivery, pack(FORMAT, token, class, due, arrival, now, now + LEASE, worker))
  lane[OUT] = lane[OUT] + 1
  if not lane[OLDEST] then
    lane[OLDEST], lane[LAPSE] = now, now + LEASE
  end
  lane[HEAD_OUT] = lane[HEAD_OUT] or class == HEAD_CLASS
  meta.leased = meta.leased + 1
  Slots.take(worker, lane[TENANT], lane[SLOW])
end

-- Calls a function with each of a lane's leases: its delivery, and what is known of it.
local function for_each(id, visit)
  local known = Known.all(id)
  for place = 1, #known, 2 do
    if known[place + 1] ~= '' then
      visit(known[place], unpack_from(FORMAT, known[place + 1]))
    end
  end
end

-- All of a lane's leases.
function Lease.all(id)
  local leases = {}
  for_each(id, function(delivery, token, class, _, _, _, expiry, worker)
    leases[#leases + 1] =
      { delivery = delivery, token = token, class = class, expiry = expiry, worker = worker }
  end)
  return leases
end

-- Reads off the leases what the lane keeps of them, and calls a function with each that has run out.
local function count(id, lane, visit_over)
  lane[OUT], lane[OLDEST], lane[LAPSE], lane[HEAD_OUT], lane[STALE] = 0, false, false, false, false
  for_each(id, function(delivery, token, class, _, _, granted, expiry)
    lane[OUT] = lane[OUT] + 1
    lane[OLDEST] = sooner(lane[OLDEST], granted)
    lane[LAPSE] = sooner(lane[LAPSE], expiry)
    lane[HEAD_OUT] = lane[HEAD_OUT] or class == HEAD_CLASS
    if expiry <= now then
      visit_over(delivery, token)
    end
  end)
end

-- When the oldest lease was granted, if it may make the lane slow.
function Lease.oldest(id, lane)
  if lane[STALE] and lane[OLDEST] + SLOW_AFTER <= now then
    count(id, lane, function() end)
  end
  return lane[OLDEST]
end

-- Takes back what has run out, a bounded number of them.
function Lease.reclaim(id, lane)
  if not lane[LAPSE] or lane[LAPSE] > now or to_reclaim == 0 then
    return
  end
  local over = {}
  count(id, lane, function(delivery, token)
    over[#over + 1] = delivery
    over[#over + 1] = token
  end)
  for place = 1, #over, 2 do
    if to_reclaim == 0 then
      return
    end
    to_reclaim = to_reclaim - 1
    Lease.take_back(id, over[place + 1], over[place])
    meta.reclaimed = meta.reclaimed + 1
  end
  -- What is left runs out later.
  count(id, lane, function() end)
end

-- Whether there may be more to take back now.
function Lease.is_spent()
  return to_reclaim == 0
end

-- Renews a lease. Whether it is there; the lane only knows an instant that is too early then.
function Lease.renew(id, token, delivery)
  local packed = Known.get(id, delivery)
  if not packed or packed == '' then
    return false
  end
  local held, class, due, arrival, granted, _, worker = unpack_from(FORMAT, packed)
  if held ~= token then
    return false
  end
  Known.set(id, delivery, pack(FORMAT, token, class, due, arrival, granted, now + LEASE, worker))
  return true
end

-- Ends a lease and gives its slot back: its class, when it was due, its arrival, and when it was
-- granted; nil when it is not, or no more, one of this lane's.
function Lease.finish(id, lane, token, delivery)
  local packed = Known.get(id, delivery)
  if not packed or packed == '' then
    return nil
  end
  local held, class, due, arrival, granted, _, worker = unpack_from(FORMAT, packed)
  if held ~= token then
    return nil
  end
  Known.set(id, delivery, false)
  lane[OUT] = lane[OUT] - 1
  if lane[OUT] <= 0 then
    lane[OUT], lane[OLDEST], lane[LAPSE], lane[STALE] = 0, false, false, false
  elseif granted <= lane[OLDEST] then
    lane[STALE] = true
  end
  if class == HEAD_CLASS then
    lane[HEAD_OUT] = false
  end
  meta.leased = meta.leased - 1
  Slots.give_back(worker, lane[TENANT], lane[SLOW])
  return class, due, arrival, granted
end

-- The member of the shard's orphans and, as an id, of its alarms.
local function name_of(token)
  return pack('>I7', token) .. string.rep('\0', 9)
end

-- Leases of a dropped lane are without effect, but their worker's slots are still taken.
function Lease.orphan_all(id, lane)
  for _, lease in ipairs(Lease.all(id)) do
    if lane[SLOW] then
      Slots.turn(lease.worker, false)
    end
    local name = name_of(lease.token)
    Placement.set_alarm('o', name, false, lease.expiry)
    call('HSET', base .. 'orphans', name, pack('>I7c16', lease.expiry, lease.worker) .. (lane[TENANT] or ''))
    meta.leased, meta.orphans = meta.leased - 1, meta.orphans + 1
  end
end

-- Whether a lease is one of a lane that was dropped.
function Lease.is_orphan(token)
  return meta.orphans > 0 and call('HEXISTS', base .. 'orphans', name_of(token)) == 1
end

-- Ends a lease of a lane that was dropped; its alarm goes off.
function Lease.bury_named(name)
  local orphan = call('HGET', base .. 'orphans', name)
  if orphan then
    local expiry, worker, rest = unpack_from('>I7c16', orphan)
    call('HDEL', base .. 'orphans', name)
    Placement.set_alarm('o', name, expiry, false)
    meta.orphans = meta.orphans - 1
    Slots.give_back(worker, rest <= #orphan and orphan:sub(rest), false)
  end
end

-- The same, if it is one.
function Lease.bury(token)
  if meta.orphans > 0 then
    Lease.bury_named(name_of(token))
  end
end

-- After a loss, and until it is served again, the queue believes who says that a ticket is out: the
-- delivery waits no more and is leased again. A delivery that somebody else holds stays with them.
function Lease.put_back(id, token, class, delivery, worker)
  if now >= meta.serve_from then
    return false
  end
  local lane = Lane.load_or_make(id)
  if class == HEAD_CLASS then
    if lane[OUT] > 0 then
      return false
    end
    lane[HEAD] = false
  else
    local known = Known.get(id, delivery)
    if known == '' then
      Window.remove(id, lane, delivery)
    elseif known then
      return false
    end
  end
  meta.arrivals = meta.arrivals + 1
  Lease.grant(id, lane, token, class, delivery, now, meta.arrivals, worker)
  Lane.touch(id)
  return true
end

-- Draws the conclusions from what the worker says about the receiver.
function Lease.heed(lane, token, granted, feedback)
  local most, probe = lane[MAX_IN_FLIGHT], lane[PROBE]
  local probing = probe and probe.out == token
  -- A probe's success is what closes the circuit, at a cap of 1: it doubles nothing yet.
  if feedback == SUCCESS and not probing then
    lane[WORKING_CAP] = min(min(lane[WORKING_CAP], most) * 2, most)
  elseif feedback == THROTTLED then
    lane[WORKING_CAP] = max(math.floor(min(lane[WORKING_CAP], most) / 2), 1)
  end
  if feedback ~= UNATTEMPTED then
    lane[SLUGGISH] = now - granted >= SLOW_AFTER
  end
  if probing then
    probe.out = false
    -- What was not sent has found nothing out.
    probe.spent = probe.spent and feedback ~= UNATTEMPTED
  end
end

-- Notes when the head of the lane may be due. When the lane is ordered no more, that says only that
-- the database holds something, of whatever class.
function Lease.head_due(lane, at)
  if lane[ORDERED] then
    lane[HEAD] = sooner(lane[HEAD], at)
  else
    for class = 1, 3 do
      Window.leave(lane, class, at)
    end
  end
end

-- Gives the delivery of a lease that nobody will finish the place that it had.
function Lease.take_back(id, token, delivery)
  local lane = Lane.load(id)
  local class, due, arrival, granted
  if lane then
    class, due, arrival, granted = Lease.finish(id, lane, token, delivery)
  end
  if not class then
    return Lease.bury(token)
  end
  Lease.heed(lane, token, granted, UNATTEMPTED)
  if class == HEAD_CLASS then
    Lease.head_due(lane, due)
  else
    Window.offer(id, lane, delivery, class, due, arrival)
  end
  Lane.touch(id)
end
