-- Ends leases; finishing and setting the next due time is one step. See `Queue::complete`.
local NONE_NEXT = 0

local function complete(id, token, class, delivery, feedback, next_class, delay)
  local lane = Lane.load(id)
  local of_class, _, _, granted
  if lane then
    of_class, _, _, granted = Lease.finish(id, lane, token, delivery)
  end
  if not of_class and Lease.put_back(id, token, class, delivery, Lease.NO_DELIVERY) then
    lane = Lane.load(id)
    of_class, _, _, granted = Lease.finish(id, lane, token, delivery)
  end
  if not of_class then
    return Lease.bury(token)
  end
  Lease.heed(lane, token, granted, feedback)
  if next_class ~= NONE_NEXT then
    meta.arrivals = meta.arrivals + 1
    if of_class == HEAD_CLASS then
      Lease.head_due(lane, now + delay)
    else
      Window.offer(id, lane, delivery, next_class, now + delay, meta.arrivals)
    end
  end
  Lane.touch(id)
end

local items, at = ARGV[3], 1
Lane.load_named(items, 49, 24)
while at <= #items do
  local id, token, class, delivery, feedback, next_class, delay
  id, token, class, delivery, feedback, next_class, delay, at =
    unpack_from('>c16I7Bc16BBI7', items, at)
  complete(id, token, class, delivery, feedback, next_class, delay)
end
Finish.done()
return 'k'
