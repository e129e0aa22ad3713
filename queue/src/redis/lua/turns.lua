-- Whose turn it is: those who wait, in the order in which they had their last turn. Changes of a call
-- are written at its end, each who waits once; what is kept stays as it was until then, so that it can
-- be read page by page.
--
-- Most tenants have a lane or two that wait, so a short ring is kept with its tenant. One that has
-- become longer has a key of its own, until nobody is in it.
--
-- Who is put in while somebody is looked for has had its turn in this call, and so stands behind all
-- that are there already.

local RING_PAGE = 16
-- How many are in a short ring at most, and the bytes that each of them takes.
local SHORT, ENTRY_BYTES = 8, 22
-- A ring that has a key: its key; those who are kept with their turns, from AT on, who of them are gone,
-- and whether these are all; then those who were put in, in this order from PUT_AT on, and their turns.
local KEY, IDS, TURNS, AT, GONE, WHOLE, PUT, PUT_AT, WAITS = 1, 2, 3, 4, 5, 6, 7, 8, 9

-- What a tenant's ring of each kind is called when it has a key.
local RING_NAME = { 'f:', 's:' }

local rings

function Turns.begin()
  rings = {}
end

-- The ring of all tenants of a name, or a tenant's own.
function Turns.open(name)
  local ring = rings[name]
  if not ring then
    ring = { base .. name, {}, {}, 1, false, false, false, 1, false }
    rings[name] = ring
  end
  return ring
end

local function put(ring, id, turn)
  if not ring[PUT] then
    ring[PUT], ring[WAITS] = {}, {}
  end
  ring[WAITS][id] = turn
  ring[PUT][#ring[PUT] + 1] = id
end

-- Puts an id in, or takes it out, at the turn it holds.
function Turns.place(ring, id, turn, waits)
  if waits then
    put(ring, id, turn)
  elseif ring[WAITS] and ring[WAITS][id] == turn then
    ring[WAITS][id] = nil
    -- Put in again, it stands at the end.
    for place = ring[PUT_AT], #ring[PUT] do
      if ring[PUT][place] == id then
        ring[PUT][place] = false
        break
      end
    end
  else
    ring[GONE] = ring[GONE] or {}
    ring[GONE][id] = turn
  end
end

-- Whoever stands at a place of the ring as it is kept.
local function kept(ring, at)
  local ids = ring[IDS]
  local count = #ids
  while at > count and not ring[WHOLE] do
    local page = call('ZRANGE', ring[KEY], text(count), text(count + RING_PAGE - 1))
    for place, member in ipairs(page) do
      ring[TURNS][count + place], ids[count + place] = unpack_from('>I6c16', member)
    end
    ring[WHOLE] = #page < RING_PAGE
    count = count + #page
  end
  return ids[at]
end

-- Some of those who stand in front, for what concerns them to be read at once.
function Turns.front(ring)
  kept(ring, 1)
  return ring[IDS]
end

-- The first in line who is accepted (anybody, when no test is given), and its turn.
function Turns.find(ring, accept)
  local at, gone = ring[AT], ring[GONE]
  local id = kept(ring, at)
  while id do
    if not (gone and gone[id]) then
      if not accept or accept(id) then
        return id, ring[TURNS][at]
      end
    elseif at == ring[AT] then
      ring[AT] = at + 1
    end
    at = at + 1
    id = kept(ring, at)
  end
  local put_in, waits = ring[PUT], ring[WAITS]
  for place = ring[PUT_AT], put_in and #put_in or 0 do
    id = put_in[place]
    if id and waits[id] then
      if not accept or accept(id) then
        return id, waits[id]
      end
    elseif place == ring[PUT_AT] then
      ring[PUT_AT] = place + 1
    end
  end
end

-- Puts an id into a short ring, which is a string: whose turn is older stands before it.
local function put_short(ring, id, turn)
  local after = #ring
  if after == 0 then
    return pack('>I6c16', turn, id)
  end
  while after > 0 and unpack_from('>I6', ring, after - ENTRY_BYTES + 1) > turn do
    after = after - ENTRY_BYTES
  end
  return sub(ring, 1, after) .. pack('>I6c16', turn, id) .. sub(ring, after + 1)
end

local function take_short(ring, id)
  if #ring == ENTRY_BYTES then
    return ''
  end
  for at = 1, #ring, ENTRY_BYTES do
    if sub(ring, at + 6, at + ENTRY_BYTES - 1) == id then
      return sub(ring, 1, at - 1) .. sub(ring, at + ENTRY_BYTES)
    end
  end
  return ring
end

-- Gives the ring of a tenant's lanes a key, since it has become too long for the tenant.
local function lengthen(ring, short)
  for at = 1, #short, ENTRY_BYTES do
    local turn, id = unpack_from('>I6c16', short, at)
    put(ring, id, turn)
  end
end

-- Puts a lane into its tenant's ring of fast or slow ones, or takes it out.
function Turns.place_lane(kind, tenant_id, tenant, id, turn, waits)
  local field, count = T_FAST_RING, T_FAST
  if kind == SLOW_RING then
    field, count = T_SLOW_RING, T_SLOW
  end
  local short = tenant[field]
  if short == '' and tenant[count] > 0 then
    Turns.place(Turns.open(RING_NAME[kind] .. tenant_id), id, turn, waits)
  elseif not waits then
    tenant[field] = take_short(short, id)
  elseif tenant[count] < SHORT then
    tenant[field] = put_short(short, id, turn)
  else
    lengthen(Turns.open(RING_NAME[kind] .. tenant_id), put_short(short, id, turn))
    tenant[field] = ''
  end
  tenant[count] = tenant[count] + (waits and 1 or -1)
end

-- The first in line of a tenant's fast or slow lanes, and its turn.
function Turns.first_lane(kind, tenant_id, tenant)
  local short, count = tenant[T_FAST_RING], tenant[T_FAST]
  if kind == SLOW_RING then
    short, count = tenant[T_SLOW_RING], tenant[T_SLOW]
  end
  if short ~= '' then
    local turn, id = unpack_from('>I6c16', short)
    return id, turn
  elseif count > 0 then
    return Turns.find(Turns.open(RING_NAME[kind] .. tenant_id))
  end
end

-- Calls a command for each pair of id and turn, at once.
local function write(command, key, pairs_of, with_score)
  local list = {}
  for id, turn in pairs(pairs_of) do
    if with_score then
      list[#list + 1] = '0'
    end
    list[#list + 1] = pack('>I6c16', turn, id)
  end
  call_in_pieces(command, key, list)
end

-- Writes all changes; what is read afterwards is read anew.
function Turns.flush()
  for _, ring in pairs(rings) do
    if ring[GONE] then
      write('ZREM', ring[KEY], ring[GONE])
    end
    if ring[WAITS] then
      write('ZADD', ring[KEY], ring[WAITS], true)
    end
  end
  Turns.begin()
end
