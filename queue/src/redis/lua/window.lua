-- What a lane holds of each class: a window, and a mark when the database holds more.
--
-- A window is a sorted set of due time, arrival and id. What a call takes out and puts in is written at
-- its end, but for what it has to read before.

-- How many of a window's front are read first, and then at a time.
local FIRST_PAGE, WINDOW_PAGE = 4, 16

-- What was read of the front of windows, by key, and how many were taken of it.
local fronts
-- What is to be put in, by key.
local added
-- The latest in line of full windows, by key: until something is put in.
local latest_of

function Window.begin()
  fronts, added, latest_of = {}, {}, {}
end

local NAME = { 'w1:', 'w2:', 'w3:' }

local function window_key(id, class)
  return base .. NAME[class] .. id
end

local function mark_of(lane, class)
  local marks = lane[MARKS] or {}
  lane[MARKS] = marks
  marks[class] = marks[class] or {}
  return marks[class]
end

-- Marks that the database may hold more, due from `at` on.
function Window.leave(lane, class, at)
  local mark = mark_of(lane, class)
  mark.beyond = sooner(mark.beyond, at)
  mark.left = sooner(mark.left, at)
end

local function add(key, member)
  latest_of[key] = nil
  local list = added[key]
  if list then
    list[#list + 1] = '0'
    list[#list + 1] = member
  else
    added[key] = { '0', member }
  end
end

-- Puts in what is to be put in, before the window is read.
local function write_added(key)
  if added[key] then
    call_in_pieces('ZADD', key, added[key])
    added[key] = nil
  end
end

-- Whether a full window has room for one that is due before the latest in it, which then makes
-- room and is left to the database.
local function displace_latest(id, lane, class, due, arrival)
  local key = window_key(id, class)
  local latest = latest_of[key]
  if not latest then
    write_added(key)
    latest = call('ZRANGE', key, '-1', '-1')[1]
    if not latest then
      return true
    end
    latest_of[key] = latest
  end
  local latest_due, latest_arrival, latest_id = unpack_from('>I7I6c16', latest)
  if latest_due < due or (latest_due == due and latest_arrival < arrival) then
    Window.leave(lane, class, due)
    return false
  end
  call('ZREM', key, latest)
  latest_of[key] = nil
  Known.set(id, latest_id, false)
  lane[LENGTH + class] = lane[LENGTH + class] - 1
  Window.leave(lane, class, latest_due)
  return true
end

-- Takes a due delivery in, or notes that the database holds it. Whether it waits here now.
function Window.offer(id, lane, delivery, class, due, arrival)
  if lane[ORDERED] then
    lane[HEAD] = sooner(lane[HEAD], due)
    return false
  end
  if Known.get(id, delivery) then
    return false
  end
  if due > now + HORIZON then
    Window.leave(lane, class, due)
    return false
  end
  if lane[LENGTH + class] >= WINDOW and not displace_latest(id, lane, class, due, arrival) then
    return false
  end
  Known.set(id, delivery, '')
  add(window_key(id, class), pack('>I7I6c16', due, arrival, delivery))
  lane[LENGTH + class] = lane[LENGTH + class] + 1
  lane[DUE + class] = sooner(lane[DUE + class], due)
  return true
end

-- Whether more is posted into the lane than is delivered: half the room is taken, and the first in line has
-- waited for a while though the lane is served.
function Window.is_crowded(lane, class)
  local due = lane[DUE + class]
  return lane[LENGTH + class] > WINDOW / 2 and due and due + CROWDED_AFTER <= now
    and not lane[PAUSED] and not lane[OPEN]
end

-- The first in line: its due time, arrival and id.
function Window.head(id, class)
  local key = window_key(id, class)
  write_added(key)
  local first = call('ZRANGE', key, 0, 0)[1]
  if first then
    return unpack_from('>I7I6c16', first)
  end
end

-- What is to be put into a window that holds nothing else, as its front, if it is in order: it need not be
-- put into Redis to be taken out again.
local function front_of_added(lane, class, list)
  if #list / 2 ~= lane[LENGTH + class] then
    return nil
  end
  local members, due_before, arrival_before = {}, 0, 0
  for place = 2, #list, 2 do
    local due, arrival = unpack_from('>I7I6', list[place])
    if due < due_before or (due == due_before and arrival < arrival_before) then
      return nil
    end
    members[place / 2] = list[place]
    due_before, arrival_before = due, arrival
  end
  return { members = members, taken = 0, whole = true, unwritten = true }
end

-- Takes the first in line out: its due time, arrival and id. One more than is taken is read of the
-- window's front, if there is one: the next to be due.
function Window.pop(id, lane, class)
  local key = window_key(id, class)
  local front = fronts[key]
  if not front then
    front = added[key] and front_of_added(lane, class, added[key])
    if front then
      added[key] = nil
    else
      write_added(key)
      local members = call('ZRANGE', key, '0', text(FIRST_PAGE - 1))
      front = { members = members, taken = 0, whole = #members < FIRST_PAGE }
    end
    fronts[key] = front
  end
  local at, members = front.taken + 1, front.members
  if at >= #members and not front.whole then
    local more = call('ZRANGE', key, text(#members), text(#members + WINDOW_PAGE - 1))
    front.whole = #more < WINDOW_PAGE
    for _, member in ipairs(more) do
      members[#members + 1] = member
    end
  end
  local first, second = members[at], members[at + 1]
  if not first then
    lane[LENGTH + class], lane[DUE + class] = 0, false
    return nil
  end
  front.taken = at
  lane[LENGTH + class] = second and lane[LENGTH + class] - 1 or 0
  lane[DUE + class] = second and unpack_from('>I7', second) or false
  return unpack_from('>I7I6c16', first)
end

-- Takes out of Redis what was taken, and puts in what was put in.
function Window.save()
  for key, front in pairs(fronts) do
    if front.unwritten then
      for place = front.taken + 1, #front.members do
        add(key, front.members[place])
      end
    elseif front.taken > 0 then
      call('ZREMRANGEBYRANK', key, '0', text(front.taken - 1))
    end
  end
  for key, list in pairs(added) do
    call_in_pieces('ZADD', key, list)
  end
  Window.begin()
end

-- Takes out one that waits somewhere in a window.
function Window.remove(id, lane, delivery)
  for class = 1, 3 do
    local key = window_key(id, class)
    write_added(key)
    for place, member in ipairs(call('ZRANGE', key, 0, -1)) do
      if member:sub(14) == delivery then
        call('ZREM', key, member)
        latest_of[key] = nil
        lane[LENGTH + class] = lane[LENGTH + class] - 1
        if place == 1 then
          lane[DUE + class] = Window.head(id, class) or false
        end
        return
      end
    end
  end
end

-- Forgets windows and marks.
function Window.clear(id, lane)
  for class = 1, 3 do
    local key = window_key(id, class)
    added[key], latest_of[key] = nil, nil
    call('DEL', key)
    lane[LENGTH + class], lane[DUE + class] = 0, false
  end
  lane[MARKS] = false
end

-- From when on the window of a class wants a refill; never while the lane is not served. Of an open
-- circuit's lane one that waits is enough: only probes go out.
function Window.refill_at(lane, class)
  local mark = lane[MARKS] and lane[MARKS][class]
  if not mark or not mark.beyond or lane[LENGTH + class] > WINDOW / 2 then
    return nil
  end
  if not lane[TENANT] or lane[PAUSED] or lane[ORDERED] then
    return nil
  end
  if lane[OPEN] and lane[LENGTH + 1] + lane[LENGTH + 2] + lane[LENGTH + 3] > 0 then
    return nil
  end
  local patience = mark.asked and mark.asked + PATIENCE or 0
  return max(mark.beyond - HORIZON, patience, mark.not_before or 0)
end

-- Notes that a refill is asked for.
function Window.ask(lane, class, generation)
  local mark = mark_of(lane, class)
  mark.generation, mark.asked, mark.left = generation, now, false
end

-- Notes what the database says it holds beyond its answer. What was left to it after the question
-- keeps the mark; an answer to an older question can only add to it.
function Window.answer(lane, class, generation, beyond)
  local mark = mark_of(lane, class)
  if mark.generation == generation then
    mark.asked = false
    mark.beyond = sooner(mark.left, beyond)
  else
    mark.beyond = sooner(mark.beyond, beyond)
  end
end

-- Notes that an answer brought nothing new.
function Window.rest(lane, class)
  mark_of(lane, class).not_before = now + FRUITLESS_PAUSE
end

-- Forgets marks that say nothing any more.
function Window.tidy(lane)
  local marks = lane[MARKS]
  if not marks then
    return
  end
  for class = 1, 3 do
    local mark = marks[class]
    if mark and not mark.beyond and not mark.asked and (mark.not_before or 0) <= now then
      marks[class] = nil
    end
  end
  if not next(marks) then
    lane[MARKS] = false
  end
end
