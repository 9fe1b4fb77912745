-- candidates: every strategy point on every deployment that was costed, in the five costs per question.
-- in:  points(point_id, model, task, strategy, n_samples, token_budget, accuracy, low, high, prompt_tokens,
--             generated_tokens, wait_p50, wait_p95, wait_p99, longest, lengths, reward_model, scored_tokens,
--             policy_flops, flops, provenance, runs)
--      deployments(point_id, gpu, gpu_count, parallelism, precision, concurrency, ttft_s, tpot_s, request_s, score_s, watts,
--             usd_per_hour, performance, spread, price)  times of one answer; usd and watts of all GPUs;
--             score_s: what a reward model takes of them for one question;
--             spread: factor of the 90 % interval of times
--      wait_p50, …: tokens of the longest chain that so many of a hundred questions stay within
--      $percentile: 50, 95 or 99, which of them s counts
--      $qps: questions per second the deployment must carry, or null: it is kept busy
-- out: one row a candidate; costs carry their unit as name: usd, flops, s, J, tokens
with paced as (
    select
        *,
        request_s * n_samples / concurrency + score_s as turn_s, -- of the deployment, for one question
        1 / turn_s as questions_per_s,
        coalesce(ceil($qps * turn_s), 1)::bigint as replicas,
        ceil(n_samples / concurrency) as turns, -- answers beyond the concurrency wait for another one
        case $percentile when 50 then wait_p50 when 95 then wait_p95 when 99 then wait_p99 end as wait_tokens
    from points
    join deployments using (point_id)
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
    case when $qps is null then usd_per_hour / 3600 / questions_per_s else replicas * usd_per_hour / 3600 / $qps end as usd,
    flops::double as flops,
    policy_flops::double as policy_flops,
    nullif(reward_model, '') as reward_model,
    (ttft_s + tpot_s * wait_tokens) * turns + score_s as s, -- a vote waits for its longest answer
    (ttft_s + tpot_s * wait_p50) * turns + score_s as s_p50,
    (ttft_s + tpot_s * wait_p95) * turns + score_s as s_p95,
    (ttft_s + tpot_s * wait_p99) * turns + score_s as s_p99,
    longest,
    lengths,
    watts / questions_per_s as "J",
    prompt_tokens + generated_tokens as tokens,
    ttft_s,
    tpot_s,
    replicas,
    replicas * usd_per_hour * 730 as usd_per_month,
    questions_per_s,
    generated_tokens,
    provenance as accuracy_provenance,
    runs,
    performance as performance_provenance,
    spread,
    price as price_provenance
from paced
