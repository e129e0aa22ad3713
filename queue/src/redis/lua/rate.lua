-- GCRA. A rate is { period, burst, tat }: the time per token, how many may go at once, and the
-- theoretical arrival time up to which tokens are taken. Asking takes nothing: a ticket needs a
-- token of its lane and one of its tenant, and takes both together when it goes out.

-- When a token can be had. Periods have fractions; a hundredth of a microsecond is their rounding.
function Rate.earliest(rate)
  return max(now, ceil(rate.tat - rate.period * (rate.burst - 1) - 0.01))
end

function Rate.take(rate)
  rate.tat = max(rate.tat, now) + rate.period
end

-- What holds from now on in place of `former`: a changed limit starts with the debt of the old one
-- (at most an empty bucket's worth), so that a change never grants a fresh burst.
function Rate.adopt(former, period, burst)
  if burst == 0 then
    return false
  end
  if not former then
    return { period = period, burst = burst, tat = 0 }
  end
  if former.period == period and former.burst == burst then
    return former
  end
  return { period = period, burst = burst, tat = min(former.tat, now + period * burst) }
end
