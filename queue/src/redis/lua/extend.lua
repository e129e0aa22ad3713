-- Renews leases, and after a loss puts them back. Says of each ticket, in order, whether it is still
-- leased ('1') or lost ('0'). See `Queue::extend_lease`.
local items, worker, at = ARGV[3], ARGV[4], 1
local tickets, names = {}, {}
while at <= #items do
  local ticket = {}
  ticket.id, ticket.token, ticket.class, ticket.delivery, at = unpack_from('>c16I7Bc16', items, at)
  tickets[#tickets + 1] = ticket
  names[#names + 1] = Lease.name(ticket.token, ticket.id)
end
local expiries = call('ZMSCORE', base .. 'expiries', unpack(names))
local orphans = call('EXISTS', base .. 'orphans') == 1 and call('HMGET', base .. 'orphans', unpack(names))
local answers = {}
for place, ticket in ipairs(tickets) do
  local kept = expiries[place] and not (orphans and orphans[place])
  if kept then
    Lease.renew(names[place])
  elseif not expiries[place] then
    kept = Lease.put_back(ticket.id, ticket.token, ticket.class, ticket.delivery, worker)
  end
  answers[place] = kept and '1' or '0'
end
Finish.done()
return 'k' .. table.concat(answers)
