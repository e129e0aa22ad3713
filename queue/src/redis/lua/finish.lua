-- The end of every call: everything is put in its place and written, and those who sleep are called
-- when something can be had sooner than they were told.

-- When the next alarm goes off; nil when none is set.
function Finish.next_wake()
  local alarm = call('ZRANGE', base .. 'alarms', '0', '0')[1]
  return alarm and (unpack_from('>I7', alarm)) or nil
end

-- Puts everything in its place and writes it. What lies in others is written before them.
function Finish.write()
  Placement.settle()
  Turns.flush()
  Lane.save()
  Tenant.save()
  Slots.save()
  Window.save()
  Known.save()
  Sorted.flush()
end

-- Calls who sleeps, unless this call itself found nothing for them (`vain` names what it looked for).
-- Nobody is called twice before having looked again.
function Finish.call_sleepers(vain)
  local message = ''
  if vain ~= 't' then
    local ready = meta.told and (Placement.soonest < meta.told or call('EXISTS', base .. 'fast', base .. 'slow') > 0)
    if ready or Slots.given_back then
      meta.told = nil
      message = 't'
    end
  end
  if vain ~= 'r' and meta.told_refills then
    if Placement.soonest_refill < meta.told_refills or call('EXISTS', base .. 'refills') > 0 then
      meta.told_refills = nil
      message = message .. 'r'
    end
  end
  if message ~= '' then
    call('PUBLISH', base .. 'bell', message)
  end
end

function Finish.done(vain)
  Finish.write()
  Finish.call_sleepers(vain)
  Meta.save()
end
