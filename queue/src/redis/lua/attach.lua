-- Finds out which epoch is in force, and starts a new one when there is none or Redis is not the
-- same any more. The one who noticed a loss passes the epoch it knew.
local proposed, former, run_id = ARGV[2], ARGV[3], ARGV[4]

local known = meta and meta.epoch
local serve_from = meta and meta.serve_from

local function start_epoch(from)
  meta.epoch, meta.run_id, meta.started, meta.serve_from = proposed, run_id, now, from
end

if not meta then
  meta = {
    lanes = 0, paused = 0, open = 0, leased = 0, orphans = 0, reclaimed = 0,
    arrivals = 0, turns = 0, tokens = 0, generations = 0, handed_in = 0, crowded = 0,
  }
  -- Nobody can hold tickets of a queue that was never there before.
  start_epoch(former == '' and 0 or now + GRACE)
elseif run_id ~= '' and meta.run_id ~= run_id then
  -- Started again or failed over to: what is here may be older than what was.
  start_epoch(now + GRACE)
elseif former ~= '' and former ~= meta.epoch then
  meta.serve_from = max(meta.serve_from, meta.started + GRACE)
end
if known ~= meta.epoch or serve_from ~= meta.serve_from then
  Meta.save()
  call('PUBLISH', base .. 'bell', 'l')
end
return 'k' .. meta.epoch
