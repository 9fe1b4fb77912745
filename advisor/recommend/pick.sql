-- pick: the candidates that meet every constraint, best first.
-- Candidates whose accuracy lies within the interval of the most accurate one count as equal, and among equals a doubling of
-- the cost has to buy $worth of accuracy; with a target accuracy the cheapest that reaches it comes first.
-- Cheaper is judged at the upper end of the cost's interval, so that a speed that was measured beats one that was hoped for.
-- in:  candidates; $usd, $flops, $s, $J, $tokens: upper bounds or null; $max_ttft, $max_tpot: seconds or null;
--      $min_accuracy: or null; $cost: the column that says cheaper; $worth: accuracy a doubling of the cost must buy
-- out: the columns of candidates, and cost, equal (as good as the best), place (1 is the pick)
with feasible as (
    select
        *,
        case $cost when 'usd' then usd when 'flops' then flops when 's' then s when 'J' then "J" when 'tokens' then tokens end as cost
    from candidates
    where ($usd is null or usd <= $usd)
        and ($flops is null or flops <= $flops)
        and ($s is null or s <= $s)
        and ($J is null or "J" <= $J)
        and ($tokens is null or tokens <= $tokens)
        and ($max_ttft is null or ttft_s <= $max_ttft)
        and ($max_tpot is null or tpot_s <= $max_tpot)
        and ($min_accuracy is null or accuracy >= $min_accuracy)
),
best as (
    select low as bar from feasible order by accuracy desc, low desc limit 1
),
ranked as (
    select
        feasible.*,
        $min_accuracy is not null or accuracy >= bar as equal,
        case
            when $min_accuracy is not null then -log2(greatest(cost * spread, 1e-300))
            when accuracy >= bar then accuracy - $worth * log2(greatest(cost * spread, 1e-300))
            else accuracy
        end as merit
    from feasible, best
    where cost is not null and not isnan(cost)
)
select
    * exclude (merit),
    row_number() over (order by equal desc, merit desc, cost * spread, s, candidate_id) as place
from ranked
