-- Releases of one engine that loads were measured with, by model and GPU.
-- in:  table runs; $engine
-- out: engine_version, model, gpu, measured_at (the latest), start_s (median); both null where nobody recorded them
select
    engine_version,
    model,
    gpu,
    max(measured_at) as measured_at,
    median(start_s) as start_s
from runs
where engine = $engine and engine_version is not null and status = 'ok'
group by all
order by engine_version, model, gpu
