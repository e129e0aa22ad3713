-- Adds deliveries to their lanes. Answers how many were taken in. See `Queue::push`.
local items, at, taken = ARGV[3], 1, 0
Lane.load_named(items, 40, 16)
while at <= #items do
  local id, delivery, class, delay
  id, delivery, class, delay, at = unpack_from('>c16c16BI7', items, at)
  meta.arrivals = meta.arrivals + 1
  if Window.offer(id, Lane.load_or_make(id), delivery, class, now + delay, meta.arrivals) then
    taken = taken + 1
  end
  Lane.touch(id)
end
Finish.done()
return 'k' .. pack('>I7', taken)
