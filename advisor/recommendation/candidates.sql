-- candidates: every strategy point on every deployment that may be had, in the five costs per question.
-- in:  paced (paced.sql)
--      rents(gpu, gpu_count, replicas, rent_usd_per_hour, rent)  as billed, of all replicas together; null: no price is known
--      $percentile: 50, 95 or 99, which of them s counts
--      $qps: questions per second the deployment must carry, or null: it is kept busy
--      $usd_per_kwh: price of the energy of owned GPUs, or null: the rent pays it
-- out: one row a candidate; costs carry their unit as name: usd, flops, s, J, tokens
with billed as (
    select
        *,
        watts / questions_per_s as joules,
        coalesce($qps, questions_per_s) as answered_per_s,
        coalesce(joules * answered_per_s / 1000 * $usd_per_kwh, 0) as energy_usd_per_hour, -- J/s are watts
        rent_usd_per_hour + energy_usd_per_hour as usd_per_hour,
        ceil(n_samples / concurrency) as turns, -- answers beyond the concurrency wait for another one
        case $percentile when 50 then wait_p50 when 95 then wait_p95 when 99 then wait_p99 end as wait_tokens
    from paced
    join rents using (gpu, gpu_count, replicas)
)
select
    row_number() over (order by point_id, gpu, gpu_count, parallelism, precision, concurrency) as candidate_id,
    model,
    task,
    strategy,
    n_samples,
    nullif(token_budget::double, 'nan'::double)::bigint as token_budget, -- not a number: no cap
    gpu,
    gpu_count,
    parallelism,
    precision,
    concurrency,
    accuracy,
    low,
    high,
    usd_per_hour / 3600 / answered_per_s as usd,
    flops::double as flops,
    policy_flops::double as policy_flops,
    nullif(reward_model, '') as reward_model,
    (ttft_s + tpot_s * wait_tokens) * turns + score_s as s, -- a vote waits for its longest answer
    (ttft_s + tpot_s * wait_p50) * turns + score_s as s_p50,
    (ttft_s + tpot_s * wait_p95) * turns + score_s as s_p95,
    (ttft_s + tpot_s * wait_p99) * turns + score_s as s_p99,
    longest,
    context_tokens,
    lengths,
    joules as "J",
    prompt_tokens + generated_tokens as tokens,
    ttft_s,
    tpot_s,
    replicas,
    rent,
    usd_per_hour,
    usd_per_hour * 730 as usd_per_month,
    questions_per_s,
    generated_tokens,
    provenance as accuracy_provenance,
    runs,
    by_task,
    performance as performance_provenance,
    spread
from billed
