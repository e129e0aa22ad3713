-- Whose turn it is: those who wait, in the order in which they had their last turn. Changes of a call
-- are written at its end, each who waits once; the set in Redis stays as it was until then, so that it
-- can be read page by page.
--
-- Who is put in while somebody is looked for has had its turn in this call, and so stands behind all
-- that are there already.

local PAGE = 8
local Turns = {}
local rings, rings_of = {}, { f = {}, s = {}, r = {} }

local function new_ring(key)
  local ring = {
    key = base .. key,
    ids = {}, turns = {}, at = 1,
    gone = {},
    waits = {}, put_ids = {}, put_turns = {}, put_at = 1,
  }
  rings[#rings + 1] = ring
  return ring
end

-- The ring of all tenants of a name.
function Turns.open(name)
  local ring = rings[name]
  if not ring then
    ring = new_ring(name)
    rings[name] = ring
  end
  return ring
end

-- The ring of a tenant's lanes, of fast or slow ones or of those that want a refill.
function Turns.of(kind, tenant_id)
  local ring = rings_of[kind][tenant_id]
  if not ring then
    ring = new_ring(kind .. ':' .. tenant_id)
    rings_of[kind][tenant_id] = ring
  end
  return ring
end

-- Puts an id in, or takes it out, at the turn it holds.
function Turns.place(ring, id, turn, waits)
  if waits then
    local last = #ring.put_ids + 1
    ring.waits[id], ring.put_ids[last], ring.put_turns[last] = turn, id, turn
  elseif ring.waits[id] == turn then
    ring.waits[id] = nil
  else
    ring.gone[id] = turn
  end
end

-- Whoever stands at a place of the ring as it is in Redis.
local function stored(ring, at)
  local count = #ring.ids
  while at > count and not ring.whole do
    local page = call('ZRANGE', ring.key, count, count + PAGE - 1)
    for place, member in ipairs(page) do
      ring.turns[count + place], ring.ids[count + place] = unpack_from('>I6c16', member)
    end
    ring.whole = #page < PAGE
    count = count + #page
  end
  return ring.ids[at]
end

-- The first in line who is accepted (anybody, when no test is given), and its turn.
function Turns.find(ring, accept)
  local at = ring.at
  local id = stored(ring, at)
  while id do
    if not ring.gone[id] then
      if not accept or accept(id) then
        return id, ring.turns[at]
      end
    elseif at == ring.at then
      ring.at = at + 1
    end
    at = at + 1
    id = stored(ring, at)
  end
  local put_ids, put_turns = ring.put_ids, ring.put_turns
  for place = ring.put_at, #put_ids do
    id = put_ids[place]
    if ring.waits[id] == put_turns[place] then
      if not accept or accept(id) then
        return id, put_turns[place]
      end
    elseif place == ring.put_at then
      ring.put_at = place + 1
    end
  end
end

-- Writes all changes; what is read afterwards is read anew.
function Turns.flush()
  for _, ring in ipairs(rings) do
    local put, gone = {}, {}
    for id, turn in pairs(ring.gone) do
      gone[#gone + 1] = pack('>I6c16', turn, id)
    end
    for id, turn in pairs(ring.waits) do
      put[#put + 1] = '0'
      put[#put + 1] = pack('>I6c16', turn, id)
    end
    call_in_pieces('ZREM', ring.key, gone)
    call_in_pieces('ZADD', ring.key, put)
  end
  rings, rings_of = {}, { f = {}, s = {}, r = {} }
end
