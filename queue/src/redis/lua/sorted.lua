-- Sorted sets whose changes are gathered and written at the end, at once.

local changes

function Sorted.begin()
  changes = { alarms = {}, occupied = {} }
end

function Sorted.put(key, member)
  changes[key][member] = true
end

function Sorted.drop(key, member)
  changes[key][member] = false
end

function Sorted.flush()
  for key, changed in pairs(changes) do
    if next(changed) then
      local put, drop = {}, {}
      for member, is_in in pairs(changed) do
        if is_in then
          put[#put + 1] = '0'
          put[#put + 1] = member
        else
          drop[#drop + 1] = member
        end
      end
      call_in_pieces('ZREM', base .. key, drop)
      call_in_pieces('ZADD', base .. key, put)
      changes[key] = {}
    end
  end
end
