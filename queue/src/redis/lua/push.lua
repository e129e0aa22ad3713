-- Adds deliveries to their lanes. See `Queue::push`.
local items, at = ARGV[3], 1
Lane.load_named(items, 40)
while at <= #items do
  local id, delivery, class, delay
  id, delivery, class, delay, at = unpack_from('>c16c16BI7', items, at)
  meta.arrivals = meta.arrivals + 1
  Window.offer(id, Lane.load_or_make(id), delivery, class, now + delay, meta.arrivals)
  Lane.touch(id)
end
Finish.done()
return 'k'
