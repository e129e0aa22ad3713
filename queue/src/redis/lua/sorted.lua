-- Sorted sets with what this call changes in them. Changes are written at the end, at once; until
-- then the set in Redis stays as it was, so that it can be read page by page.
--
-- Who is put into a line in which somebody is looked for takes the newest turn, and so stands
-- behind all that are there already.

local PAGE = 8
local Sorted = {}
local opened = {}

function Sorted.open(key)
  local set = opened[key]
  if not set then
    set = { key = base .. key, changed = {}, page = {}, at = 1, added = {}, added_at = 1 }
    opened[key] = set
  end
  return set
end

function Sorted.put(set, member)
  set.changed[member] = true
  set.added[#set.added + 1] = member
end

function Sorted.drop(set, member)
  set.changed[member] = false
end

-- The member at a place of the set as it is in Redis.
local function stored(set, at)
  while at > #set.page and not set.whole do
    local from = #set.page
    local more = call('ZRANGE', set.key, from, from + PAGE - 1)
    for place, member in ipairs(more) do
      set.page[from + place] = member
    end
    set.whole = #more < PAGE
  end
  return set.page[at]
end

-- The first member in order that is accepted; any, when no test is given.
function Sorted.find(set, accept)
  local at = set.at
  local member = stored(set, at)
  while member do
    if set.changed[member] == nil then
      if not accept or accept(member) then
        return member
      end
    elseif at == set.at then
      set.at = at + 1
    end
    at = at + 1
    member = stored(set, at)
  end
  for place = set.added_at, #set.added do
    member = set.added[place]
    if set.changed[member] then
      if not accept or accept(member) then
        return member
      end
    elseif place == set.added_at then
      set.added_at = place + 1
    end
  end
end

-- Writes all changes; what is read afterwards is read anew.
function Sorted.flush()
  for _, set in pairs(opened) do
    local put, drop = {}, {}
    for member, is_in in pairs(set.changed) do
      if is_in then
        put[#put + 1] = '0'
        put[#put + 1] = member
      else
        drop[#drop + 1] = member
      end
    end
    call_in_pieces('ZREM', set.key, drop)
    call_in_pieces('ZADD', set.key, put)
  end
  opened = {}
end
