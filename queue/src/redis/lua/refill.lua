-- Takes in what the database had. See `Queue::refill`.
local id, class, generation, has_beyond, beyond = unpack_from('>c16BI7BI7', ARGV[3])
local items, at = ARGV[4], 1
Lane.load_named(items, 40, 16)
local lane = Lane.load(id)
-- A lane dropped meanwhile is not made again by an answer to a question it asked before.
if lane then
  if not lane[ORDERED] then
    Window.answer(lane, class, generation, has_beyond == 1 and now + beyond)
  end
  local taken_in = 0
  while at <= #items do
    local _, delivery, of_class, delay
    _, delivery, of_class, delay, at = unpack_from('>c16c16BI7', items, at)
    meta.arrivals = meta.arrivals + 1
    if Window.offer(id, lane, delivery, of_class, now + delay, meta.arrivals) then
      taken_in = taken_in + 1
    end
  end
  if taken_in == 0 and not lane[ORDERED] then
    Window.rest(lane, class)
  end
  Lane.touch(id)
end
Finish.done()
return 'k'
