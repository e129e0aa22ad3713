-- Sets how a lane is served, unless it has newer settings. See `Queue::configure_lane`.
local id, tenant_id, revision, ordered, paused, most, period, burst, open, probe_after =
  unpack_from('>c16c16I7BBI4dI4BI7', ARGV[3])
ordered, paused, open = ordered == 1, paused == 1, open == 1

-- Windows and order don't go together: who becomes ordered leaves it all to the database, and of
-- who is so no more only the database knows what waits.
local function change_order(lane)
  if ordered then
    lane[HEAD] = sooner(Lane.next_due(lane), Lane.beyond(lane))
    Window.clear(id, lane)
    Known.forget_waiting(id)
  else
    local at = sooner(lane[HEAD], lane[OUT] > 0 and now)
    lane[HEAD] = false
    for class = 1, 3 do
      if at then
        Window.leave(lane, class, at)
      end
    end
  end
end

local function set_breaker(lane)
  if open then
    local former = lane[PROBE]
    lane[PROBE] = { at = now + probe_after, spent = false, out = former and former.out }
  elseif lane[OPEN] then
    lane[WORKING_CAP] = 1
    -- The probe that is out still closes nothing and doubles nothing when it comes back.
    lane[PROBE].spent = false
  end
end

local function change_tenant(lane)
  if lane[TENANT] then
    Placement.displace(id, lane)
  end
  for _, lease in ipairs(Lease.all(id)) do
    Slots.move(lease.worker, lane[TENANT], tenant_id)
  end
  local tenant = Tenant.load(tenant_id)
  tenant[T_LANES] = tenant[T_LANES] + 1
  Tenant.touch(tenant_id)
end

local lane = Lane.load_or_make(id)
if lane[REVISION] <= revision or not lane[TENANT] then
  if lane[TENANT] ~= tenant_id then
    change_tenant(lane)
  end
  if ordered ~= lane[ORDERED] then
    change_order(lane)
  end
  set_breaker(lane)
  meta.paused = meta.paused + (paused and 1 or 0) - (lane[PAUSED] and 1 or 0)
  meta.open = meta.open + (open and 1 or 0) - (lane[OPEN] and 1 or 0)
  lane[RATE] = Rate.adopt(lane[RATE], period, burst)
  lane[TENANT], lane[REVISION], lane[MAX_IN_FLIGHT] = tenant_id, revision, most
  lane[PAUSED], lane[ORDERED], lane[OPEN] = paused, ordered, open
end
Lane.touch(id)
Finish.done()
return 'k'
