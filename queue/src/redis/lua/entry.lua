-- The end of what is put together: hands Redis's calls on to the functions.

-- What neither looks at what waits nor changes it, and need not take in first what was handed in.
local COMES_FIRST = { attach = true, hand_in = true, in_flight = true }

-- Does nothing when the epoch that the caller knows is not in force.
local function run(name, keys, args)
  begin(keys[1], args[1])
  -- Attaching finds or starts the epoch, so it can't demand that there is one.
  if name ~= 'attach' and (not meta or meta.epoch ~= args[2]) then
    return 'l'
  end
  if not COMES_FIRST[name] then
    Inbox.take_in()
  end
  return functions[name](args)
end
return run
