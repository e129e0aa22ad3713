-- What all functions share: the clock, the shard's keys, and what is known of the shard as a whole.
--
-- Instants are microseconds of Redis's clock. What is to be in order is a sorted set whose scores
-- are all 0 and whose members start with a big-endian number: comparing bytes is cheap, while
-- scores would be turned into text and back with every call.
--
-- All of it is put together once and stays. What belongs to one call only, a part sets anew in its
-- `begin`: a call that failed half-way leaves nothing behind for the next.

local call = redis.call
local pack, unpack_from = struct.pack, struct.unpack
local max, min, ceil, floor, sub = math.max, math.min, math.ceil, math.floor, string.sub

local WINDOW = 128
local HORIZON = 900000000
local LEASE = 20000000
local SLOW_AFTER = 1000000
local CROWDED_AFTER = 20000
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

-- The shard of this call, and its instant.
local base, now
-- The shard as a whole: epoch, counters, and what those who sleep were told. It is there from the
-- first attachment on; without it, or under another epoch, the caller's queue is lost.
local meta

-- The parts. Each is a function of its own that fills in its table: what it takes from here is then
-- handed on from function to function and not looked up for each of them anew.
local Meta, Sorted, Turns, Rate, Lane, Tenant = {}, {}, {}, {}, {}, {}
local Slots, Known, Window, Lease, Placement, Inbox, Finish = {}, {}, {}, {}, {}, {}, {}

-- The sooner of two instants of which either may not be set.
local function sooner(a, b)
  if a and b then
    return min(a, b)
  end
  return a or b or false
end

-- Small numbers as text: Redis would print each anew, with all that fractions take.
local texts = {}

local function text(number)
  local it = texts[number]
  if not it then
    it = tostring(number)
    if number < 1024 then
      texts[number] = it
    end
  end
  return it
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

-- Begins a call on a shard, at the instant that is given: tests pass their own, otherwise it is Redis's.
local function begin(shard, instant)
  base = shard
  if instant ~= '' then
    now = tonumber(instant)
  else
    local time = call('TIME')
    now = time[1] * 1000000 + time[2]
  end
  meta = Meta.load()
  Sorted.begin()
  Turns.begin()
  Lane.begin()
  Slots.begin()
  Known.begin()
  Window.begin()
  Lease.begin()
  Placement.begin()
end
