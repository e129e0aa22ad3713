-- Renews leases, and after a loss puts them back. Says of each ticket, in order, whether it is still
-- leased ('1') or lost ('0'). See `Queue::extend_lease`.
local items, worker, at = ARGV[3], ARGV[4], 1
local answers = {}
Lane.load_named(items, 40, 24)
while at <= #items do
  local id, token, class, delivery
  id, token, class, delivery, at = unpack_from('>c16I7Bc16', items, at)
  local kept = Lease.renew(id, token, delivery)
  if not kept and not Lease.is_orphan(token) then
    kept = Lease.put_back(id, token, class, delivery, worker)
  end
  answers[#answers + 1] = kept and '1' or '0'
end
Finish.done()
return 'k' .. table.concat(answers)
