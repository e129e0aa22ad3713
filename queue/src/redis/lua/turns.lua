-- Whose turn it is: those who wait, in the order in which they had their last turn. Changes of a call
-- are written at its end, each who waits once; the set in Redis stays as it was until then, so that it
-- can be read page by page.
--
-- Who is put in while somebody is looked for has had its turn in this call, and so stands behind all
-- that are there already.

local PAGE = 8
local rings, rings_of

function Turns.begin()
  rings, rings_of = {}, { f = {}, s = {}, r = {} }
end

local function new_ring(key)
  local ring = { key = base .. key, ids = false, turns = false, at = 1, put_at = 1, gone = {}, waits = {}, put = {} }
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
    ring.waits[id] = turn
    ring.put[#ring.put + 1] = id
  elseif ring.waits[id] == turn then
    ring.waits[id] = nil
    -- Put in again, it stands at the end.
    for place = ring.put_at, #ring.put do
      if ring.put[place] == id then
        ring.put[place] = false
        break
      end
    end
  else
    ring.gone[id] = turn
  end
end

-- Whoever stands at a place of the ring as it is in Redis.
local function stored(ring, at)
  if not ring.ids then
    ring.ids, ring.turns = {}, {}
  end
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
  for place = ring.put_at, #ring.put do
    id = ring.put[place]
    if id and ring.waits[id] then
      if not accept or accept(id) then
        return id, ring.waits[id]
      end
    elseif place == ring.put_at then
      ring.put_at = place + 1
    end
  end
end

-- Calls a command for each pair of id and turn, at once when there are several.
local function write(command, key, pairs_of, with_score)
  local id, turn = next(pairs_of)
  if not id then
    return
  end
  if not next(pairs_of, id) then
    if with_score then
      return call(command, key, '0', pack('>I6c16', turn, id))
    end
    return call(command, key, pack('>I6c16', turn, id))
  end
  local list = {}
  for each, its_turn in pairs(pairs_of) do
    if with_score then
      list[#list + 1] = '0'
    end
    list[#list + 1] = pack('>I6c16', its_turn, each)
  end
  call_in_pieces(command, key, list)
end

-- Writes all changes; what is read afterwards is read anew.
function Turns.flush()
  for _, ring in ipairs(rings) do
    write('ZREM', ring.key, ring.gone)
    write('ZADD', ring.key, ring.waits, true)
  end
  Turns.begin()
end
