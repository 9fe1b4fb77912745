-- contenders: what can win when a price, a speed or an accuracy moves: of each model and kind of GPU the feasible
-- candidates that no other one of them beats on accuracy and upper cost; where time is limited, of each class of speed.
-- Thinking held to a mean length instead of a cap is distinguished by its tokens.
-- in:  feasible (feasible.sql); $cost: usd, or what decides where all GPUs are free: J or s
--      $s, $max_ttft, $max_tpot: longest seconds to an answer, of TTFT and of TPOT, or null
--      $chosen: candidates that are among them in any case
-- out: the columns of candidates that decide
with classed as not materialized (
    select
        *,
        case $cost when 'J' then "J" * spread when 's' then s * spread else usd * usd_spread end as upper_cost,
        {
            's': if($s is null, 0, ceil(2 * log2(s))),
            'ttft': if($max_ttft is null, 0, ceil(2 * log2(limited_ttft_s))),
            'tpot': if($max_tpot is null, 0, ceil(2 * log2(limited_tpot_s)))
        } as speed_class
    from feasible
),
firsts as (
    select
        arg_min(
            candidate_id,
            {'cost': upper_cost, 'slow': slow_usd_spread, 's': s, 'slots': -questions_per_s, 'id': candidate_id}
        ) as candidate_id
    from classed
    group by model, strategy, n_samples, token_budget, generated_tokens, reward_model, setup, gpu, speed_class
),
cheapest as (
    select *
    from classed
    where candidate_id in (select candidate_id from firsts) or list_contains($chosen, candidate_id)
)
select
    candidate_id,
    point_id,
    model,
    gpu,
    gpu_count,
    precision,
    accuracy,
    assured,
    usd,
    flops,
    s,
    "J",
    tokens,
    tokens_spread,
    bill_tokens_spread,
    ttft_s,
    tpot_s,
    limited_ttft_s,
    limited_tpot_s,
    spread,
    ttft_spread,
    usd_spread,
    slow_usd_spread,
    usd_per_hour,
    rent.gpus as rented_gpus,
    qps,
    questions_per_s,
    replicas_power,
    replicas
from cheapest
qualify accuracy > coalesce(
    max(accuracy) over (
        partition by model, gpu, speed_class order by upper_cost, accuracy desc, candidate_id
        rows between unbounded preceding and 1 preceding
    ),
    -1
) or list_contains($chosen, candidate_id)
