-- rents: what each number of GPUs and replicas costs by the hour, with what is rented.
-- in:  bills(gpu, gpu_count, replicas, machines, usd_per_hour, provider, kind, region, gpus, instances,
--            gpus_per_instance, as_of, age_days)
--      one row a GPU, count and number of replicas in deployments; not a number, or -1: there is none
-- out: gpu, gpu_count, replicas, machines, rent_usd_per_hour, rent (the fields of rents.py: Rent)
select
    gpu,
    gpu_count,
    replicas,
    machines,
    nullif(usd_per_hour, 'nan'::double) as rent_usd_per_hour,
    case when not isnan(usd_per_hour) then struct_pack(
        provider := provider,
        kind := kind,
        region := region,
        gpu := gpu,
        gpus := gpus,
        instances := nullif(instances, -1),
        gpus_per_instance := nullif(gpus_per_instance, -1),
        usd_per_hour := usd_per_hour,
        as_of := as_of,
        age_days := nullif(age_days, -1)
    ) end as rent
from bills
