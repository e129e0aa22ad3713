-- What was handed in: deliveries that have only been laid down. Whatever looks at lanes or changes them
-- takes them in first, so that nobody can tell them from such as were pushed; but lanes that are empty are
-- then read, put in line and written once instead of twice.
--
-- A list of what each call handed in: its instant, and the items as it was given them.

-- A push's items are a lane, a delivery, a class and a delay; so many bytes, the delivery after so many.
Inbox.FORMAT, Inbox.ITEM_BYTES, Inbox.DELIVERY_AT = '>c16c16BI7', 40, 16
-- With more than this in it whoever hands in takes them in: it stays bounded while nobody looks.
local FULL = 200

-- Offers items of an instant to their lanes: how many were taken in, and how many of those that are due at
-- once met a crowded lane.
function Inbox.offer(items, at, instant)
  local taken, crowded = 0, 0
  while at <= #items do
    local id, delivery, class, delay
    id, delivery, class, delay, at = unpack_from(Inbox.FORMAT, items, at)
    local lane = Lane.load_or_make(id)
    meta.arrivals = meta.arrivals + 1
    if Window.offer(id, lane, delivery, class, instant + delay, meta.arrivals) then
      taken = taken + 1
    end
    if delay == 0 and Window.is_crowded(lane, class) then
      crowded = crowded + 1
    end
    Lane.touch(id)
  end
  return taken, crowded
end

-- Lays items down.
function Inbox.put(items)
  if meta.handed_in >= FULL then
    Inbox.take_in()
  end
  call('RPUSH', base .. 'in', pack('>I7', now) .. items)
  meta.handed_in = meta.handed_in + #items / Inbox.ITEM_BYTES
end

-- Takes in what was laid down.
function Inbox.take_in()
  if meta.handed_in == 0 then
    return
  end
  local key = base .. 'in'
  local handed_in = call('LRANGE', key, 0, -1)
  call('DEL', key)
  meta.handed_in = 0
  local items = {}
  for place, one in ipairs(handed_in) do
    items[place] = sub(one, 8)
  end
  Lane.load_named(table.concat(items), Inbox.ITEM_BYTES, Inbox.DELIVERY_AT)
  for _, one in ipairs(handed_in) do
    local _, crowded = Inbox.offer(one, 8, (unpack_from('>I7', one)))
    meta.crowded = meta.crowded + crowded
  end
  Placement.settle()
  Turns.flush()
end
