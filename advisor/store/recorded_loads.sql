-- Measured loads by deployment.
-- in:  table runs
-- out: model, gpu, parallelism, precision, kv_precision, engine, dummy_weights, own, loads (measured), runs (run ids)
select
    model,
    gpu,
    parallelism,
    precision,
    kv_precision,
    engine,
    dummy_weights,
    own,
    count(*) filter (status = 'ok') as loads,
    list(distinct run_id order by run_id) as runs
from runs
group by all
order by own desc, model, gpu, parallelism, precision, engine, runs
