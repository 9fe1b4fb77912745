-- contenders: of each strategy point and kind of GPU the cheapest that is feasible, of equals the one with the most room; where
--      time is limited, of each of its speeds.
--      Thinking held to a mean length instead of a cap is told apart by its tokens.
-- in:  feasible (feasible.sql); $cost: usd, or what decides where all GPUs are free: J or s; $s: longest seconds to an answer, or null
-- out: the columns of candidates
select *
from feasible
qualify row_number() over (
    partition by model, strategy, n_samples, token_budget, generated_tokens, reward_model, gpu, if($s is null, 0, ceil(2 * log2(s)))
    order by case $cost when 'J' then "J" when 's' then s else usd * usd_spread end, round(log2(s), 2), questions_per_s desc, candidate_id
) = 1
