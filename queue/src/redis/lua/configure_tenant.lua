-- Sets what holds for a tenant's lanes together. See `Queue::configure_tenant`.
local id, suspended, period, burst = unpack_from('>c16BdI4', ARGV[3])
local tenant = Tenant.load(id)
tenant[T_RATE] = Rate.adopt(tenant[T_RATE], period, burst)
tenant[T_SUSPENDED] = suspended == 1
Tenant.touch(id)
Finish.done()
return 'k'
