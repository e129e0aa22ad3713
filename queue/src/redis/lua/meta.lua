-- What is known of the shard as a whole, packed; 0 stands for what is not set.

local FORMAT = '>I7I7I7I7I7I7I7I7I7I7I7I7I7I7I7I7Bc0Bc0'

function Meta.load()
  local packed = call('GET', base .. 'meta')
  if not packed then
    return false
  end
  local lanes, paused, open, leased, orphans, reclaimed, arrivals, turns, tokens, generations, started,
    serve_from, told, told_refills, handed_in, crowded, epoch, run_id = unpack_from(FORMAT, packed)
  return {
    lanes = lanes, paused = paused, open = open, leased = leased, orphans = orphans, reclaimed = reclaimed,
    arrivals = arrivals, turns = turns, tokens = tokens, generations = generations, started = started,
    serve_from = serve_from, told = told ~= 0 and told, told_refills = told_refills ~= 0 and told_refills,
    handed_in = handed_in, crowded = crowded, epoch = epoch, run_id = run_id,
  }
end

function Meta.save()
  call('SET', base .. 'meta', pack(FORMAT, meta.lanes, meta.paused, meta.open, max(meta.leased, 0),
    max(meta.orphans, 0), meta.reclaimed, meta.arrivals, meta.turns, meta.tokens, meta.generations,
    meta.started, meta.serve_from, meta.told or 0, meta.told_refills or 0, meta.handed_in, meta.crowded,
    #meta.epoch, meta.epoch, #meta.run_id, meta.run_id))
end
