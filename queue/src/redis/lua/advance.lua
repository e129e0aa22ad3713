-- Lets alarms go off, as every look does; whether there may be more. For tests on virtual time.
local more = Placement.advance()
Finish.write()
local wake = Finish.next_wake()
Finish.call_sleepers()
Meta.save()
return 'k' .. pack('>BI7', more and 1 or 0, wake or NEVER)
