-- Forgets a lane and all that waits in it; leases that are out end without effect.
-- See `Queue::drop_lane`.
local id = ARGV[3]
local lane = Lane.load(id)
if lane then
  Placement.displace(id, lane)
  Sorted.drop('occupied', id)
  Lease.orphan_all(id, lane)
  Window.clear(id, lane)
  Known.clear(id)
  Lane.forget(id)
  meta.lanes = meta.lanes - 1
  meta.paused = meta.paused - (lane[PAUSED] and 1 or 0)
  meta.open = meta.open - (lane[OPEN] and 1 or 0)
end
Finish.done()
return 'k'
