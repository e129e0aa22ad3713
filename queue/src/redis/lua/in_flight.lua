-- The deliveries of a lane that are out under a lease. See `Queue::in_flight`.
local deliveries = {}
for place, lease in ipairs(Lease.all(ARGV[3])) do
  deliveries[place] = lease.delivery
end
return 'k' .. table.concat(deliveries)
