-- Deliveries that are out. A lane's leases are a sorted set, the oldest first; a member is all that
-- is known of one. The shard's expiries say when each lease runs out: what is not there is no lease.

-- Class of a lease that names no delivery: the head of an ordered lane.
local HEAD_CLASS = 0
Lease.NO_DELIVERY = string.rep('\0', 16)
-- What a completion says about the receiver.
local SUCCESS, THROTTLED, UNATTEMPTED = 0, 1, 3

local granted_expiries, ended_expiries
-- By lane, what is to be added to its set of leases.
local granted
-- Lanes whose set of leases changed.
local leases_changed

function Lease.begin()
  granted_expiries, ended_expiries, granted, leases_changed = {}, {}, {}, {}
end

local function unpack_lease(member)
  local token, class, delivery, due, arrival, granted, worker = unpack_from('>I7Bc16I7I6I7c16', member)
  return {
    token = token, class = class, delivery = delivery, due = due, arrival = arrival,
    granted = granted, worker = worker,
  }
end

-- The member of the shard's expiries, and of its orphans.
function Lease.name(token, id)
  return pack('>I7c16', token, id)
end

-- Tokens follow the clock, so that those from before a loss are not given again.
function Lease.next_token()
  meta.tokens = max(meta.tokens + 1, now)
  return meta.tokens
end

-- Notes that a delivery of the lane is out.
function Lease.grant(id, lane, token, class, delivery, due, arrival, worker)
  local member = pack('>I7Bc16I7I6I7c16', token, class, delivery, due, arrival, now, worker)
  local of_lane = granted[id]
  if of_lane then
    of_lane[#of_lane + 1] = '0'
    of_lane[#of_lane + 1] = member
  else
    granted[id] = { '0', member }
  end
  lane[OUT] = lane[OUT] + 1
  lane[OLDEST] = lane[OLDEST] or now
  lane[HEAD_OUT] = lane[HEAD_OUT] or class == HEAD_CLASS
  granted_expiries[#granted_expiries + 1] = Lease.name(token, id)
  Placement.soonest = min(Placement.soonest, now + LEASE)
  Slots.take(worker, lane[TENANT], lane[SLOW])
end

-- Writes what was granted of a lane, before its leases are read.
local function write_granted(id)
  if granted[id] then
    call_in_pieces('ZADD', base .. 'o:' .. id, granted[id])
    granted[id] = nil
  end
end

function Lease.all(id)
  write_granted(id)
  local leases = {}
  for place, member in ipairs(call('ZRANGE', base .. 'o:' .. id, 0, -1)) do
    leases[place] = unpack_lease(member)
  end
  return leases
end

function Lease.forget_expiry(name)
  ended_expiries[#ended_expiries + 1] = name
end

-- Renews a lease that is there.
function Lease.renew(name)
  granted_expiries[#granted_expiries + 1] = name
end

-- Ends a lease and gives its slot back; nil when it is not, or no more, one of this lane's.
function Lease.finish(id, lane, token)
  local key = base .. 'o:' .. id
  local member = call('ZRANGEBYLEX', key, pack('>c1I7', '[', token), pack('>c1I7', '(', token + 1))[1]
  if not member then
    return nil
  end
  call('ZREM', key, member)
  local lease = unpack_lease(member)
  if lease.class ~= HEAD_CLASS then
    call('HDEL', base .. 'k:' .. id, lease.delivery)
  end
  leases_changed[id] = true
  Lease.forget_expiry(Lease.name(token, id))
  Slots.give_back(lease.worker, lane[TENANT], lane[SLOW])
  return lease
end

-- Reads off the set of leases what the lane keeps of it, when leases were ended.
function Lease.recount(id, lane)
  if not leases_changed[id] then
    return
  end
  leases_changed[id] = nil
  lane[OUT] = call('ZCARD', base .. 'o:' .. id)
  lane[OLDEST], lane[HEAD_OUT] = false, false
  if lane[OUT] > 0 then
    local oldest = unpack_lease(call('ZRANGE', base .. 'o:' .. id, 0, 0)[1])
    lane[OLDEST], lane[HEAD_OUT] = oldest.granted, oldest.class == HEAD_CLASS
  end
end

-- Leases of a dropped lane are without effect, but their worker's slots are still taken.
function Lease.orphan_all(id, lane)
  for _, lease in ipairs(Lease.all(id)) do
    if lane[SLOW] then
      Slots.turn(lease.worker, false)
    end
    call('HSET', base .. 'orphans', Lease.name(lease.token, id), lease.worker .. (lane[TENANT] or ''))
  end
end

-- Ends a lease of a lane that was dropped, if it is one.
function Lease.bury(token, id)
  local name = Lease.name(token, id)
  local orphan = call('HGET', base .. 'orphans', name)
  if orphan then
    call('HDEL', base .. 'orphans', name)
    Lease.forget_expiry(name)
    Slots.give_back(orphan:sub(1, 16), #orphan > 16 and orphan:sub(17), false)
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
    if call('HSETNX', base .. 'k:' .. id, delivery, '') == 0 then
      for _, lease in ipairs(Lease.all(id)) do
        if lease.delivery == delivery then
          return false
        end
      end
      Window.remove(id, lane, delivery)
    end
  end
  meta.arrivals = meta.arrivals + 1
  Lease.grant(id, lane, token, class, delivery, now, meta.arrivals, worker)
  Lane.touch(id)
  return true
end

-- Draws the conclusions from what the worker says about the receiver.
function Lease.heed(lane, lease, feedback)
  local most, probe = lane[MAX_IN_FLIGHT], lane[PROBE]
  local probing = probe and probe.out == lease.token
  -- A probe's success is what closes the circuit, at a cap of 1: it doubles nothing yet.
  if feedback == SUCCESS and not probing then
    lane[WORKING_CAP] = min(min(lane[WORKING_CAP], most) * 2, most)
  elseif feedback == THROTTLED then
    lane[WORKING_CAP] = max(math.floor(min(lane[WORKING_CAP], most) / 2), 1)
  end
  if feedback ~= UNATTEMPTED then
    lane[SLUGGISH] = now - lease.granted >= SLOW_AFTER
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
function Lease.take_back(id, token)
  local lane = Lane.load(id)
  local lease = lane and Lease.finish(id, lane, token)
  if not lease then
    Lease.bury(token, id)
    return false
  end
  Lease.heed(lane, lease, UNATTEMPTED)
  if lease.class == HEAD_CLASS then
    Lease.head_due(lane, lease.due)
  else
    Window.offer(id, lane, lease.delivery, lease.class, lease.due, lease.arrival)
  end
  Lane.touch(id)
  return true
end

function Lease.save()
  for id, members in pairs(granted) do
    call_in_pieces('ZADD', base .. 'o:' .. id, members)
  end
  granted = {}
  call_in_pieces('ZREM', base .. 'expiries', ended_expiries)
  ended_expiries = {}
  if #granted_expiries == 0 then
    return
  end
  local expiry, set = score(now + LEASE), {}
  for _, name in ipairs(granted_expiries) do
    set[#set + 1] = expiry
    set[#set + 1] = name
  end
  call_in_pieces('ZADD', base .. 'expiries', set)
  granted_expiries = {}
end
