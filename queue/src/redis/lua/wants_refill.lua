-- Names lanes that want refilling, in the order of fairness. See `Queue::wants_refill`.
local LANES_ASKED = 64

local function leased_of(id)
  local leased = { 0, 0, 0 }
  for _, lease in ipairs(Lease.all(id)) do
    local class = max(lease.class, 1)
    leased[class] = leased[class] + 1
  end
  return leased
end

local function ask(id, lane, requests)
  local leased = leased_of(id)
  for class = 1, 3 do
    local at = Window.refill_at(lane, class)
    if at and at <= now then
      -- By the clock, as tokens are: an answer from before a loss must not fit.
      meta.generations = max(meta.generations + 1, now)
      Window.ask(lane, class, meta.generations)
      local limit = WINDOW + leased[class] + lane[LENGTH + class]
      requests[#requests + 1] = pack('>c16BI4I7', id, class, limit, meta.generations)
    end
  end
end

local more = Placement.advance()
local requests = {}
for _ = 1, LANES_ASKED do
  local tenant_id = Turns.find(Turns.open('refills'))
  local id = tenant_id and Turns.find(Turns.open('r:' .. tenant_id))
  local lane = id and Lane.load(id)
  if not lane then
    break
  end
  local tenant = Tenant.load(tenant_id)
  Placement.pass_refill_turn(id, lane, tenant_id, tenant)
  ask(id, lane, requests)
  Placement.refresh(id, lane)
  Placement.refresh_tenant(tenant_id, tenant)
end
Finish.write()

local vain, wake = #requests == 0, more and now
if vain and not more then
  wake = Finish.next_wake() or NEVER
  meta.told_refills = max(meta.told_refills or 0, wake)
end
Finish.call_sleepers(vain and 'r')
Meta.save()
return 'k' .. pack('>I7', max((wake or now) - now, 0)) .. table.concat(requests)
