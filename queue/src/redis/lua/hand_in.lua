-- Lays deliveries down for the next look, which is called for if none is near. Answers how many have met a
-- crowded lane so far. See `Queue::hand_in`.
local items, soonest = ARGV[3], unpack_from('>I7', ARGV[4])
Inbox.put(items)
Placement.soonest = min(Placement.soonest, now + soonest)
Finish.done()
return 'k' .. pack('>I7', meta.crowded)
