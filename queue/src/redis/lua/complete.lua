-- Ends leases; finishing and setting the next due time is one step. See `Queue::complete`.
local NONE_NEXT = 0

local function complete(id, token, class, delivery, feedback, next_class, delay)
  local lane = Lane.load(id)
  local lease = lane and Lease.finish(id, lane, token)
  if not lease and Lease.put_back(id, token, class, delivery, Lease.NO_DELIVERY) then
    lane = Lane.load(id)
    Lease.save()
    lease = Lease.finish(id, lane, token)
  end
  if not lease then
    return Lease.bury(token, id)
  end
  Lease.heed(lane, lease, feedback)
  if next_class ~= NONE_NEXT then
    meta.arrivals = meta.arrivals + 1
    if lease.class == HEAD_CLASS then
      Lease.head_due(lane, now + delay)
    else
      Window.offer(id, lane, lease.delivery, next_class, now + delay, meta.arrivals)
    end
  end
  Lane.touch(id)
end

local items, at = ARGV[3], 1
Lane.load_named(items, 49)
while at <= #items do
  local id, token, class, delivery, feedback, next_class, delay
  id, token, class, delivery, feedback, next_class, delay, at =
    unpack_from('>c16I7Bc16BBI7', items, at)
  complete(id, token, class, delivery, feedback, next_class, delay)
end
Finish.done()
return 'k'
