-- paced: every strategy point on every deployment, and how many replicas carry the questions.
-- in:  points(point_id, model, task, strategy, n_samples, token_budget, accuracy, low, high, prompt_tokens,
--             generated_tokens, wait_p50, wait_p95, wait_p99, longest, context_tokens, lengths, reward_model,
--             scored_tokens, policy_flops, flops, provenance, runs, by_task)
--             by_task: JSON of TaskResult (mixture.py) where there are several tasks, else empty
--             wait_p50, …: tokens of the longest chain that so many of a hundred questions stay within
--      deployments(point_id, gpu, gpu_count, parallelism, precision, concurrency, ttft_s, tpot_s, request_s, score_s, watts,
--             performance, spread)  times of one answer; watts of all GPUs;
--             score_s: what a reward model takes of them for one question;
--             spread: factor of the 90 % interval of times
--      $qps: questions per second the deployment must carry, or null: it is kept busy
-- out: the columns of both, and turn_s, questions_per_s of one replica, replicas
select
    *,
    request_s * n_samples / concurrency + score_s as turn_s, -- of the deployment, for one question
    1 / turn_s as questions_per_s,
    coalesce(ceil($qps * turn_s), 1)::bigint as replicas
from points
join deployments using (point_id)
