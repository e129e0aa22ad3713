-- The deliveries that wait in a lane or are leased: a hash of the id to its lease, which is empty
-- while it waits. Pushing one of them changes nothing.
--
-- A call reads those that it is about at once, lane by lane, and writes what became of them at its end.

local values, changed

function Known.begin()
  values, changed = {}, {}
end

local function of_lane(id)
  local known = values[id]
  if not known then
    known = {}
    values[id] = known
  end
  return known
end

-- Reads several of a lane.
function Known.read(id, deliveries)
  if #deliveries == 1 then
    return Known.get(id, deliveries[1])
  end
  local known = of_lane(id)
  for place, value in ipairs(call('HMGET', base .. 'k:' .. id, unpack(deliveries))) do
    local delivery = deliveries[place]
    -- What this call has changed is not written yet.
    if known[delivery] == nil then
      known[delivery] = value
    end
  end
end

-- The lease of a delivery, '' when it waits, and false when it is not known.
function Known.get(id, delivery)
  local known = of_lane(id)
  local value = known[delivery]
  if value == nil then
    value = call('HGET', base .. 'k:' .. id, delivery)
    known[delivery] = value
  end
  return value
end

function Known.set(id, delivery, value)
  of_lane(id)[delivery] = value
  local list = changed[id]
  if list then
    list[#list + 1] = delivery
  else
    changed[id] = { delivery }
  end
end

local function write(id, list)
  local known, key = values[id], base .. 'k:' .. id
  if #list == 1 then
    local value = known[list[1]]
    if value then
      return call('HSET', key, list[1], value)
    end
    return call('HDEL', key, list[1])
  end
  local put, gone = {}, {}
  for _, delivery in ipairs(list) do
    local value = known[delivery]
    if value then
      put[#put + 1] = delivery
      put[#put + 1] = value
    else
      gone[#gone + 1] = delivery
    end
  end
  call_in_pieces('HSET', key, put)
  call_in_pieces('HDEL', key, gone)
end

-- All of a lane: ids and leases by turns.
function Known.all(id)
  if changed[id] then
    write(id, changed[id])
    changed[id] = nil
  end
  return call('HGETALL', base .. 'k:' .. id)
end

-- Forgets those that wait.
function Known.forget_waiting(id)
  local all = Known.all(id)
  for place = 1, #all, 2 do
    if all[place + 1] == '' then
      Known.set(id, all[place], false)
    end
  end
end

-- Forgets all of a lane.
function Known.clear(id)
  call('DEL', base .. 'k:' .. id)
  values[id], changed[id] = nil, nil
end

function Known.save()
  for id, list in pairs(changed) do
    write(id, list)
  end
  changed = {}
end
