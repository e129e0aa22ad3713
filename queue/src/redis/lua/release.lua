-- Takes back tickets that reached nobody: their deliveries get back the places that they had.
local items, at = ARGV[3], 1
Lane.load_named(items, 40, 24)
while at <= #items do
  local id, token, _, delivery
  id, token, _, delivery, at = unpack_from('>c16I7Bc16', items, at)
  Lease.take_back(id, token, delivery)
end
Finish.done()
return 'k'
