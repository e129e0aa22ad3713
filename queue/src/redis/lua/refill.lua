-- Takes in what the database had. See `Queue::refill`.
local id, class, generation, has_beyond, beyond = unpack_from('>c16BI7BI7', ARGV[3])
local items = ARGV[4]
Lane.load_named(items, Inbox.ITEM_BYTES, Inbox.DELIVERY_AT)
local lane = Lane.load(id)
-- A lane dropped meanwhile is not made again by an answer to a question it asked before.
if lane then
  if not lane[ORDERED] then
    Window.answer(lane, class, generation, has_beyond == 1 and now + beyond)
  end
  local taken_in = Inbox.offer(items, 1, now)
  if taken_in == 0 and not lane[ORDERED] then
    Window.rest(lane, class)
  end
  Lane.touch(id)
end
Finish.done()
return 'k'
