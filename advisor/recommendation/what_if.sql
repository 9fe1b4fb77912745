-- what_if: the contenders in every scenario, each of which changes one thing.
-- in:  contenders (contenders.sql); scenarios(scenario, kind, gpu, factor)
--      kind: price: of every deployment on gpu × factor; speed: of $model on $gpu, times × factor;
--            accuracy: of $model − factor
--      $model, $gpu: of the pick; $most: GPUs of that kind that may be used in all replicas together, or null
-- out: scenario, and the columns of contenders
select
    scenarios.scenario as scenario,
    contenders.* replace (
        1000000000 * scenarios.scenario::bigint + contenders.candidate_id as candidate_id, -- in the same order in each
        usd * case
            when kind = 'price' and contenders.gpu = scenarios.gpu then factor
            when slower and isinf(qps) then factor
            -- more replicas carry the rate
            when slower then greatest(ceil(qps * factor ** replicas_power / questions_per_s) / replicas, 1)
            else 1
        end as usd,
        "J" * if(slower, factor, 1) as "J",
        s * if(slower, factor, 1) as s,
        ttft_s * if(slower, factor, 1) as ttft_s,
        tpot_s * if(slower, factor, 1) as tpot_s,
        accuracy - if(less_right, factor, 0) as accuracy,
        assured - if(less_right, factor, 0) as assured
    )
from contenders
cross join (
    select *, kind = 'speed' as is_speed, kind = 'accuracy' as is_accuracy from scenarios
) as scenarios
cross join lateral (
    select
        is_speed and contenders.model = $model and contenders.gpu = $gpu as slower,
        is_accuracy and contenders.model = $model as less_right
) as hit
where not slower
    or $most is null
    or isinf(qps)
    or ceil(qps * factor ** replicas_power / questions_per_s) * gpu_count <= $most
