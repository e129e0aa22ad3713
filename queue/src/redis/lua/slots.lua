-- What each worker holds, and how its slots are shared. A worker is a hash: how many leases in all,
-- how many of slow lanes, and how many of each tenant; it is gone when it holds nothing.
--
-- A worker that found all its slots taken is marked as full: it is called when one is given back,
-- and not for every push in between.

local workers

function Slots.begin()
  workers = {}
  -- Whether a full worker has got a slot back.
  Slots.given_back = false
end

function Slots.held(id)
  local held = workers[id]
  if not held then
    local counts = call('HMGET', base .. 'h:' .. id, 'all', 'slow', 'full')
    held = {
      all = tonumber(counts[1]) or 0,
      slow = tonumber(counts[2]) or 0,
      full = counts[3] and true or false,
      tenants = {},
    }
    held.was_full = held.full
    workers[id] = held
  end
  return held
end

function Slots.of_tenant(id, tenant)
  local held = Slots.held(id)
  local count = held.tenants[tenant]
  if not count then
    count = tonumber(call('HGET', base .. 'h:' .. id, tenant)) or 0
    held.tenants[tenant] = count
  end
  return count
end

local function add(id, tenant, all, slow)
  local held = Slots.held(id)
  held.changed = true
  held.all = max(held.all + all, 0)
  held.slow = max(held.slow + slow, 0)
  if tenant then
    held.tenants[tenant] = max(Slots.of_tenant(id, tenant) + all, 0)
  end
end

-- Notes a lease handed out.
function Slots.take(id, tenant, slow)
  add(id, tenant, 1, slow and 1 or 0)
end

-- Notes a lease that ended.
function Slots.give_back(id, tenant, slow)
  add(id, tenant, -1, slow and -1 or 0)
  local held = workers[id]
  if held.full then
    held.full = false
    Slots.given_back = true
  end
end

-- Notes that the lane of one of the worker's leases became slow, or is slow no more.
function Slots.turn(id, slow)
  add(id, false, 0, slow and 1 or -1)
end

-- Notes that a lease counts for another tenant.
function Slots.move(id, from, to)
  local held = Slots.held(id)
  held.changed = true
  if from then
    held.tenants[from] = max(Slots.of_tenant(id, from) - 1, 0)
  end
  held.tenants[to] = Slots.of_tenant(id, to) + 1
end

function Slots.mark_full(id)
  local held = Slots.held(id)
  held.full, held.changed = true, true
end

function Slots.tenant_is_full(id, tenant, slots)
  return Slots.of_tenant(id, tenant) >= max(math.floor(slots / 4), 1)
end

-- Quick lanes have nothing due most of the time, and a slow one keeps its slots for long, so slow
-- lanes never get the last eighth, not even while nobody else waits.
function Slots.slow_are_full(id, slots, others_wait)
  local share = others_wait and math.floor(slots / 2) or slots - math.floor(slots / 8)
  return Slots.held(id).slow >= max(share, 1)
end

function Slots.save()
  for id, held in pairs(workers) do
    local key = base .. 'h:' .. id
    if held.changed and held.all == 0 and not held.full then
      call('DEL', key)
    elseif held.changed then
      local set, gone = { 'all', held.all, 'slow', held.slow }, {}
      for tenant, count in pairs(held.tenants) do
        if count > 0 then
          set[#set + 1] = tenant
          set[#set + 1] = count
        else
          gone[#gone + 1] = tenant
        end
      end
      if held.full then
        set[#set + 1] = 'full'
        set[#set + 1] = 1
      elseif held.was_full then
        gone[#gone + 1] = 'full'
      end
      call_in_pieces('HSET', key, set)
      call_in_pieces('HDEL', key, gone)
    end
  end
  workers = {}
end
