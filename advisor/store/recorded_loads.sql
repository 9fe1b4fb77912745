-- Measured loads by deployment.
-- in:  table runs, table judged (said: what speaks against a load in words, or empty), as long as runs and in its order
-- out: model, gpu, parallelism, precision, kv_precision, engine, dummy_weights, replicas, prefill_parallelism, offline,
--      own, loads (measured), runs (run ids), doubtful (of these loads), doubts (a line each)
select
    model,
    gpu,
    parallelism,
    precision,
    kv_precision,
    engine,
    dummy_weights,
    replicas,
    prefill_parallelism,
    nullif(offline, false) as offline,
    own,
    count(*) filter (status = 'ok') as loads,
    list(distinct run_id order by run_id) as runs,
    count(*) filter (said != '') as doubtful,
    coalesce(list(distinct said order by said) filter (said != ''), []) as doubts
from runs positional join judged
group by all
order by own desc, model, gpu, parallelism, precision, engine, runs
