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
    -- Of each tenant, how many were there, where that was read, and how many more there are now.
    held = {
      all = tonumber(counts[1]) or 0,
      slow = tonumber(counts[2]) or 0,
      full = counts[3] and true or false,
      were = {},
      more = {},
      changed = false,
      was_full = counts[3] and true or false,
    }
    workers[id] = held
  end
  return held
end

-- Reads how many leases of some tenants a worker held, at once.
function Slots.read(id, tenants)
  local were = Slots.held(id).were
  for place, count in ipairs(call('HMGET', base .. 'h:' .. id, unpack(tenants))) do
    were[tenants[place]] = tonumber(count) or 0
  end
end

local function of_tenant(id, tenant)
  local held = Slots.held(id)
  if not held.were[tenant] then
    Slots.read(id, { tenant })
  end
  return max(held.were[tenant] + (held.more[tenant] or 0), 0)
end

local function add(id, tenant, all, slow)
  local held = workers[id] or Slots.held(id)
  held.changed = true
  held.all = max(held.all + all, 0)
  if slow ~= 0 then
    held.slow = max(held.slow + slow, 0)
  end
  if tenant then
    held.more[tenant] = (held.more[tenant] or 0) + all
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
  add(id, from, -1, 0)
  add(id, to, 1, 0)
end

function Slots.mark_full(id)
  local held = Slots.held(id)
  held.full, held.changed = true, true
end

function Slots.tenant_is_full(id, tenant, slots)
  local held = workers[id]
  local were = held and held.were[tenant]
  local count = were and were + (held.more[tenant] or 0) or of_tenant(id, tenant)
  return count >= max(floor(slots / 4), 1)
end

-- Quick lanes have nothing due most of the time, and a slow one keeps its slots for long, so slow
-- lanes never get the last eighth, not even while nobody else waits.
function Slots.slow_are_full(id, slots, others_wait)
  local share = others_wait and floor(slots / 2) or slots - floor(slots / 8)
  return Slots.held(id).slow >= max(share, 1)
end

local function save(id, held)
  local missing = {}
  for tenant in pairs(held.more) do
    if not held.were[tenant] then
      missing[#missing + 1] = tenant
    end
  end
  for from = 1, #missing, 1000 do
    Slots.read(id, { unpack(missing, from, min(from + 999, #missing)) })
  end
  local set, gone = { 'all', text(held.all), 'slow', text(held.slow) }, {}
  for tenant in pairs(held.more) do
    local count = of_tenant(id, tenant)
    if count > 0 then
      set[#set + 1] = tenant
      set[#set + 1] = text(count)
    else
      gone[#gone + 1] = tenant
    end
  end
  if held.full then
    set[#set + 1] = 'full'
    set[#set + 1] = '1'
  elseif held.was_full then
    gone[#gone + 1] = 'full'
  end
  call_in_pieces('HSET', base .. 'h:' .. id, set)
  call_in_pieces('HDEL', base .. 'h:' .. id, gone)
end

function Slots.save()
  for id, held in pairs(workers) do
    if held.changed and held.all == 0 and not held.full then
      call('DEL', base .. 'h:' .. id)
    elseif held.changed then
      save(id, held)
    end
  end
  workers = {}
end
