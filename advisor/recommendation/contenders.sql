-- contenders: of each strategy point and kind of GPU the cheapest that is feasible; where time is limited, of each of its speeds.
-- in:  feasible (feasible.sql); $s: longest seconds to an answer, or null
-- out: the columns of candidates
select *
from feasible
qualify row_number() over (
    partition by model, strategy, n_samples, token_budget, reward_model, gpu, if($s is null, 0, ceil(2 * log2(s)))
    order by usd * usd_spread, s, candidate_id
) = 1
