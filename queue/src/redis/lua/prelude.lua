-- What all scripts share: the clock, the shard's keys, and what is known of the shard as a whole.
--
-- Instants are microseconds of Redis's clock. What is to be in order is a sorted set whose scores
-- are all 0 and whose members start with a big-endian number: comparing bytes is cheap, while
-- scores would be turned into text and back with every call.

local call = redis.call
local pack, unpack_from = struct.pack, struct.unpack
local max, min, ceil = math.max, math.min, math.ceil

local WINDOW = 128
local HORIZON = 900000000
local LEASE = 20000000
local SLOW_AFTER = 1000000
local INITIAL_WORKING_CAP = 8
-- A refill that was not answered is asked for again after this, one that brought nothing after that.
local PATIENCE = 5000000
local FRUITLESS_PAUSE = 1000000
-- Nothing is handed out for so long after a loss: until every worker has put its leases back.
local GRACE = 5000000
-- How many alarms and how many leases one call lets go off at most.
local ALARMS_AT_ONCE = 64
-- 2^52: as late as a number can be while all about it are exact.
local NEVER = 4503599627370496

local base = KEYS[1]

-- The parts of a script. Each is a function of its own that fills in its table: what it takes from
-- here is then handed on from function to function and not looked up for each of them anew.
local Sorted, Turns, Rate, Lane, Tenant = {}, {}, {}, {}, {}
local Slots, Window, Lease, Placement, Finish = {}, {}, {}, {}, {}

-- Redis's time; tests pass their own.
local function clock()
  if ARGV[1] ~= '' then
    return tonumber(ARGV[1])
  end
  local time = call('TIME')
  return time[1] * 1000000 + time[2]
end

local now = clock()

-- The number as a sorted set's score: Lua would write it as 1.8e+15.
local function score(number)
  return string.format('%.0f', number)
end

-- The sooner of two instants of which either may not be set.
local function sooner(a, b)
  if a and b then
    return min(a, b)
  end
  return a or b or false
end

-- Notes an id in a list, once.
local function note(list, id)
  if not list[id] then
    list[id] = true
    list[#list + 1] = id
  end
end

-- Calls a command with a list of arguments, in pieces: Lua can't spread more than some thousands.
local function call_in_pieces(command, key, list)
  for from = 1, #list, 1000 do
    call(command, key, unpack(list, from, min(from + 999, #list)))
  end
end

-- The shard as a whole: epoch, counters, and what those who sleep were told. It is there from the
-- first attachment on; without it, or under another epoch, the caller's queue is lost.
local meta = call('GET', base .. 'meta')
meta = meta and cmsgpack.unpack(meta)
