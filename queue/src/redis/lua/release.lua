-- Takes back tickets that reached nobody: their deliveries get back the places that they had.
local items, at = ARGV[3], 1
while at <= #items do
  local id, token
  id, token, at = unpack_from('>c16I7', items, at)
  Lease.take_back(id, token)
end
Finish.done()
return 'k'
