-- Adds deliveries to their lanes. Answers how many were taken in. See `Queue::push`.
local items = ARGV[3]
Lane.load_named(items, Inbox.ITEM_BYTES, Inbox.DELIVERY_AT)
local taken = Inbox.offer(items, 1, now)
Finish.done()
return 'k' .. pack('>I7', taken)
