-- candidates: every strategy point on every deployment that may be had, in the five costs per question.
-- in:  paced, points joined with deployments:
--      points(point_id, model, task, strategy, n_samples, token_budget, accuracy, low, high, prompt_tokens,
--             generated_tokens, longest, context_tokens, lengths, prompt, reward_model, setup, policy_flops, flops,
--             provenance, runs, weak, observed, assured, tokens_from, tokens_spread)
--             accuracy, low, high: what is believed; observed: what was measured or published; assured: what it has
--             with the confidence of the request
--             setup: tells how answers were drawn from others; lengths, prompt, tokens_from: where they are known from
--             tokens_spread: factor of the 90 % interval of generated_tokens, 1 where they were counted
--      deployments(point_id, gpu, gpu_count, parallelism, precision, concurrency, performance, spread, ttft_spread,
--             prefill_engines, decode_engines, machines, and at its load:
--             qps, replicas, questions_per_s, replicas_power, ttft_s, tpot_s, limited_ttft_s, limited_tpot_s, joules,
--             s_p50, s_p95, s_p99)
--             qps: questions per second that all replicas get together; infinite: each is kept busy
--             questions_per_s: that one replica can take; joules: of all its GPUs, a question
--             replicas_power: of the factor by which times grow that the replicas grow by, to keep the limits
--             limited_ttft_s, limited_tpot_s: that the limited percentile of the questions stay within
--             spread: factor of the 90 % interval of times; ttft_spread: that of TTFT
--             prefill_engines: on GPUs of their own, of the gpu_count; 0: none; machines: that one replica lies in
--      rents(gpu, gpu_count, replicas, machines, rent_usd_per_hour, rent)  as billed, of all replicas together; null:
--             no price is known
--      $mean_share: of the rate of the peak, which has to be carried, on average over the day
--      $percentile: 50, 95 or 99, which of them s counts
--      $usd_per_kwh: price of the energy of owned GPUs, or null: the rent pays it
-- out: one row a candidate; costs carry their unit as name: usd, flops, s, J, tokens
--      spread: that of times and tokens together
--      usd_spread: factor of the upper end of usd
--      bill_tokens_spread: factor of usd at the upper end of imputed tokens
--      slow_usd_spread: the same where a rate takes more replicas because they are slower
with spreading as (
    select
        * exclude (spread),
        exp(sqrt(ln(spread) ** 2 + ln(tokens_spread) ** 2)) as spread
    from paced
),
billed as (
    select
        *,
        if(isinf(qps), questions_per_s * replicas, qps * $mean_share) as answered_per_s,
        coalesce(joules * answered_per_s / 1000 * $usd_per_kwh, 0) as energy_usd_per_hour, -- J/s are watts
        rent_usd_per_hour + energy_usd_per_hour as usd_per_hour
    from spreading
    join rents using (gpu, gpu_count, replicas, machines)
)
select
    row_number() over (
        order by point_id, gpu, gpu_count, parallelism, precision, concurrency, prefill_engines
    ) as candidate_id,
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
    prefill_engines,
    decode_engines,
    machines,
    point_id,
    accuracy,
    low,
    high,
    observed,
    assured,
    weak,
    usd_per_hour / 3600 / answered_per_s as usd,
    flops::double as flops,
    policy_flops::double as policy_flops,
    nullif(reward_model, '') as reward_model,
    setup,
    case $percentile when 50 then s_p50 when 95 then s_p95 when 99 then s_p99 end as s,
    s_p50,
    s_p95,
    s_p99,
    longest,
    context_tokens,
    lengths,
    prompt,
    joules as "J",
    prompt_tokens + generated_tokens as tokens,
    ttft_s,
    tpot_s,
    limited_ttft_s,
    limited_tpot_s,
    qps,
    qps as scenario, -- of each rate a pick of its own
    replicas,
    rent,
    usd_per_hour,
    usd_per_hour * 730 as usd_per_month,
    questions_per_s,
    replicas_power,
    generated_tokens,
    provenance as accuracy_provenance,
    runs,
    by_task,
    performance as performance_provenance,
    tokens_from,
    tokens_spread,
    spread,
    ttft_spread,
    if(isinf(qps), tokens_spread, 1) as bill_tokens_spread, -- replicas are planned for the upper end (loads.py)
    if(isinf(qps), spread, 1) as usd_spread, -- at a rate the bill is that of the replicas
    if(isinf(qps), spread, ceil(qps * spread ** replicas_power / questions_per_s) / replicas) as slow_usd_spread
from billed
