-- contenders: what can win when a price, a speed or an accuracy moves: of each model and kind of GPU the feasible candidates that no
-- other one of them beats on accuracy and upper cost; where time is limited, of each class of speed.
-- in:  feasible (feasible.sql); $s: longest seconds to an answer, or null; $pick: the candidate that was picked
-- out: the columns of candidates that decide
with classed as not materialized (
    select *, usd * usd_spread as upper_usd, if($s is null, 0, ceil(2 * log2(s))) as speed_class from feasible
),
cheapest as (
    select *
    from classed
    qualify row_number() over (
        partition by model, strategy, n_samples, token_budget, reward_model, gpu, speed_class
        order by upper_usd, s, candidate_id
    ) = 1 or candidate_id = $pick
)
select
    candidate_id, model, gpu, gpu_count, accuracy, low, usd, flops, s, "J", tokens, ttft_s, tpot_s, spread, usd_spread, slow_usd_spread, usd_per_hour, rent.gpus as rented_gpus,
    qps, questions_per_s, replicas
from cheapest
qualify accuracy > coalesce(
    max(accuracy) over (
        partition by model, gpu, speed_class order by upper_usd, accuracy desc, candidate_id
        rows between unbounded preceding and 1 preceding
    ),
    -1
) or candidate_id = $pick
